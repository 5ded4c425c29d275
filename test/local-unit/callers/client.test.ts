import { getEventListeners, getMaxListeners } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '../../../local/callers/client';

test('forty calls at once listen to one signal without a warning, and are all ended by it', async () => {
  let asked = 0;
  const server = http.createServer(() => {
    asked += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ending = new AbortController();
  try {
    const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, '', ending.signal);
    const calls = Array.from({ length: 40 }, () => client.as('t').once({ path: '/' }));
    const ends = Promise.allSettled(calls);
    for (let looks = 0; looks < 200 && asked < 40; looks += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(getEventListeners(ending.signal, 'abort').length).toBeGreaterThan(10);
    // Node's own bound, beyond which it writes a warning; 0 is none.
    expect(getMaxListeners(ending.signal)).toBe(0);
    ending.abort();
    expect((await ends).every(({ status }) => status === 'rejected')).toBe(true);
  } finally {
    ending.abort();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
