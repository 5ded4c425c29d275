import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalRun } from '../../local/run';
import { turns } from '../turns';

const [east, west] = ['us-east-1', 'us-west-2'];

interface Listed {
  readonly key: string;
  readonly versionId: string;
  readonly deleteMarker?: boolean;
}

/** What the documents of a running example do, by the rules that its deployment has set. Declares tests. */
export function documentTests(run: () => LocalRun): void {
  const documents = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${run().url}/_local/documents/${path}`, init);
  const list = async (region: string): Promise<Listed[]> => (await (await documents(region)).json()) as Listed[];
  const copied = async (region: string, holds: (versions: Listed[]) => boolean): Promise<Listed[]> => {
    const turn = turns(`the copy in ${region}`, 200);
    let found = await list(region);
    while (!holds(found)) {
      turn();
      await sleep(25);
      found = await list(region);
    }
    return found;
  };

  test('a document that is put in one region is read in the other, both ways, with its version', async () => {
    for (const [from, to, key] of [
      [east, west, 'statements/one'],
      [west, east, 'statements/two'],
    ]) {
      const put = await documents(`${from}/${key}`, { method: 'PUT', body: `from ${from}`, headers: { 'content-type': 'text/plain' } });
      const { versionId } = (await put.json()) as Listed;
      await copied(to, (found) => found.some((one) => one.versionId === versionId));
      const read = await documents(`${to}/${key}`);
      expect([await read.text(), read.headers.get('content-type')]).toEqual([`from ${from}`, 'text/plain']);
    }
  });

  test('while the link is cut nothing comes, and all comes afterwards, deletions too', async () => {
    run().links.set(east, west, { partitioned: true });
    try {
      await documents(`${east}/statements/one`, { method: 'DELETE' });
      await documents(`${east}/statements/three`, { method: 'PUT', body: 'three' });
      await sleep(500);
      expect((await documents(`${west}/statements/one`)).status).toBe(200);
      expect((await documents(`${west}/statements/three`)).status).toBe(404);
    } finally {
      run().links.set(east, west, { partitioned: false });
    }
    await copied(west, (found) => found.some(({ key }) => key === 'statements/three'));
    expect((await documents(`${west}/statements/one`)).status).toBe(404);
    expect((await list(west)).filter(({ key }) => key === 'statements/one').map(({ deleteMarker }) => deleteMarker)).toEqual([
      true,
      undefined,
    ]);
  });
}

/** The package's own command against the run. Declares tests. */
export function backfillTests(run: () => LocalRun): void {
  const call = async (path: string, init: RequestInit = {}): Promise<{ status: number; body: any }> => {
    const answer = await fetch(`${run().url}/_local/documents/${path}`, init);
    return { status: answer.status, body: await answer.json() };
  };
  const backfill = async (): Promise<any> => {
    const started = await call('backfill', { method: 'POST', body: JSON.stringify({ from: east, to: west }) });
    expect(started).toMatchObject({ status: 202, body: { state: 'RUNNING' } });
    const turn = turns('the backfill', 300);
    let { body } = await call('backfill');
    while (body.state === 'RUNNING') {
      turn();
      await sleep(200);
      ({ body } = await call('backfill'));
    }
    return body;
  };

  test('a version that was removed from the copy by hand is in the report; without that both are equal', async () => {
    expect(await backfill()).toMatchObject({ state: 'DONE', failed: 0, report: { equal: true, differences: [] } });
    const { body: put } = await call(`${east}/by-hand`, { method: 'PUT', body: 'x' });
    await sleep(1_000);
    await call(`${west}/by-hand?versionId=${put.versionId}`, { method: 'DELETE' });
    expect(await backfill()).toMatchObject({
      state: 'DONE',
      report: { equal: false, differences: [{ key: 'by-hand', versionId: put.versionId, why: 'the copy has not got this version' }] },
    });
  });
}
