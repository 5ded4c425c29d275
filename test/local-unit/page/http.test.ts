import http from 'node:http';
import { FakeRun, east, west } from './fake-run';
import { timePasses, until } from '../../waits';

describe('the page over HTTP', () => {
  let run: FakeRun;

  beforeEach(async () => {
    run = await FakeRun.open();
  });

  afterEach(async () => run.close());

  const form = (path: string, body: string, headers: Record<string, string> = {}) =>
    run.door.ask('POST', path, { body, headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers } });

  test('comes with everything in it, under a policy that allows nothing inline and nothing from elsewhere', async () => {
    await run.pay(1250, { accountId: 'somebody' });
    const answer = await run.door.ask('GET', '/');
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    });
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|http|data:/);
    expect(answer.body).toContain('12.50 USD');
    expect(answer.body).not.toMatch(/somebody|secret-reference|4111|eyJ/);
    for (const [, path] of answer.body.matchAll(/(?:src|href)="(\/_local\/page\/assets\/[^"]+)"/g)) {
      expect(await run.door.ask('GET', path)).toMatchObject({ status: 200, headers: { 'x-content-type-options': 'nosniff' } });
    }
    expect(answer.body).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  test.each([
    '/_local/page/assets/..%2fpage.ts',
    '/_local/page/assets/constructor',
    '/_local/page/assets/page.css/x',
    '/_local/page/assets',
    '/_local/page',
    '/_local/page/other',
    '/_local/stream/x',
  ])('has no %s', async (path) => {
    expect((await run.door.ask('GET', path)).status).toBe(404);
  });

  test('draws a trace in it without a script, and as a piece for the script', async () => {
    const traceId = run.traceOf(await run.pay(1250));
    const whole = await run.door.ask('GET', `/?trace=${traceId}`);
    expect(whole.body).toContain('EventBridge PutEvents');
    expect(whole.body).toContain('<!doctype html>');
    expect((await run.door.ask('GET', `/_local/page/traces/${traceId}`)).body).toContain('<!doctype html>');
    const piece = await run.door.ask('GET', `/_local/page/traces/${traceId}`, { headers: { 'HX-Request': 'true' } });
    expect(piece.body).toContain('EventBridge PutEvents');
    expect(piece.body).not.toContain('<!doctype html>');
    expect((await run.door.ask('GET', '/_local/page/traces/%3Cimg%3E', { headers: { 'HX-Request': 'true' } })).body).not.toContain('<img');
  });

  test('has switches that lead back to it, or to nothing for the script, which gets the change otherwise', async () => {
    expect(await form('/_local/regions/us-west-2/stop', '')).toMatchObject({ status: 303, headers: { location: '/' } });
    expect(await form('/_local/regions/us-west-2/start', '', { 'HX-Request': 'true' })).toMatchObject({ status: 204, body: '' });
    expect(await form(`/_local/page/links/${west}/${east}`, 'partitioned=true')).toMatchObject({ status: 303 });
    const { links } = (await run.door.ask('GET', '/_local/status')).json();
    expect(links.filter(({ partitioned }: { partitioned: boolean }) => partitioned)).toEqual([
      { from: east, to: west, lagMs: 7, partitioned: true },
      { from: west, to: east, lagMs: 7, partitioned: true },
    ]);
  });

  test.each([
    ['/_local/page/links/us-east-1/eu-west-1', 'partitioned=true', 404],
    ['/_local/page/links/us-east-1/us-west-2', '', 400],
    ['/_local/page/links/us-east-1/us-west-2', 'partitioned=true&lagMs=1', 400],
    ['/_local/page/load', 'rate=21', 400],
    ['/_local/page/load', 'rate=-1', 400],
    ['/_local/page/load', 'rate=1.5', 400],
    ['/_local/page/load', 'rate=', 400],
    ['/_local/page/load', 'rate=2&more=1', 400],
  ])('refuses %s with %s', async (path, body, status) => {
    const answer = await form(path, body);
    expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/problem+json' } });
    const links: { partitioned: boolean }[] = (await run.door.ask('GET', '/_local/status')).json().links;
    expect(links.some(({ partitioned }) => partitioned)).toBe(false);
    expect((await run.door.ask('GET', '/')).body).toContain('not sending');
  });

  test('takes GET for what is read and POST for what changes, from its own origin only', async () => {
    expect(await run.door.ask('POST', '/_local/stream')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect(await run.door.ask('GET', '/_local/page/storm')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect((await form('/_local/page/storm', '', { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await run.door.ask('GET', '/_local/stream', { headers: { Host: 'evil.example' } })).status).toBe(403);
  });

  test('sends payments at a rate, near each region in turn, until it is told to stop', async () => {
    expect(await form('/_local/page/load', 'rate=20')).toMatchObject({ status: 303 });
    await until('answers near both regions', async () =>
      /us-east-1 answered [1-9].*us-west-2 answered [1-9]/.test((await run.door.ask('GET', '/')).body),
    );
    await form('/_local/page/load', 'rate=0');
    const begun = /(\d+) payments begun/.exec((await run.door.ask('GET', '/')).body)?.[1];
    await timePasses(300, 'no payment may follow');
    const { body } = await run.door.ask('GET', '/');
    expect(body).toContain('not sending');
    expect(/(\d+) payments begun/.exec(body)?.[1]).toBe(begun);
  });

  test('blows one storm at a time, and tells what it came to', async () => {
    expect((await run.door.ask('POST', '/_local/page/storm')).json()).toMatchObject({ running: true });
    expect((await run.door.ask('POST', '/_local/page/storm')).status).toBe(409);
    await until('the scenario on the page', async () => (await run.door.ask('GET', '/')).body.includes('one payment, debited once'));
    expect((await run.door.ask('GET', '/')).body).toContain('39 of them replays');
  });

  test('cannot send where nobody makes tokens, and says so', async () => {
    const without = await FakeRun.open(undefined, { issuer: undefined, observed: undefined });
    expect((await without.door.ask('POST', '/_local/page/load', { body: '{"rate":2}' })).status).toBe(404);
    const { body } = await without.door.ask('GET', '/');
    expect(body).toContain('takes no tokens of this run');
    expect(body).toContain('has no consumers of events');
    await without.close();
  });
});

describe('the stream', () => {
  let run: FakeRun;

  beforeEach(async () => {
    run = await FakeRun.open();
  });

  afterEach(async () => run.close());

  test('sends everything at first, and then what changed', async () => {
    const listener = await Listener.open(run);
    await until('the event dns', () => listener.text.includes('event: dns\n'));
    const before = listener.events();
    expect(before).toEqual(
      expect.arrayContaining([
        'headline',
        'regions',
        'traffic',
        'payments',
        'events',
        'network',
        'tables',
        'alarms',
        'dns',
        'senders',
        'announcement',
      ]),
    );
    expect(new Set(before).size).toBe(before.length);
    await run.door.ask('POST', `/_local/links/${east}/${west}`, { body: '{"partitioned":true}' });
    await until('the event network', () => listener.events().slice(before.length).includes('network'));
    expect(listener.events().slice(before.length)).not.toContain('dns');
    listener.end();
  });

  test('has room for 16, and for another one when somebody left', async () => {
    const listeners = await Promise.all(Array.from({ length: 16 }, () => Listener.open(run)));
    const tooMany = await run.door.ask('GET', '/_local/stream');
    expect(tooMany).toMatchObject({ status: 429, headers: { 'content-type': 'application/problem+json' } });
    listeners[0].end();
    await until('a place for one more', async () => {
      const next = await Listener.open(run);
      next.end();
      return next.status === 200;
    });
    for (const listener of listeners) listener.end();
  });

  test('says that it ends, and ends, with the front door', async () => {
    const listener = await Listener.open(run);
    await until('the event headline', () => listener.text.includes('event: headline'));
    await run.close();
    await until('the end of the stream', () => listener.ended);
    expect(listener.text).toContain('event: close\n');
    run = await FakeRun.open();
  });
});

class Listener {
  static open(run: FakeRun): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const request = http.get({ host: '127.0.0.1', port: run.door.port, path: '/_local/stream', agent: false }, (response) =>
        resolve(new Listener(request, response)),
      );
      request.on('error', reject);
    });
  }

  public text = '';
  public ended = false;
  public readonly status?: number;

  private constructor(
    private readonly request: http.ClientRequest,
    response: http.IncomingMessage,
  ) {
    this.status = response.statusCode;
    response.setEncoding('utf8').on('data', (part: string) => {
      this.text += part;
    });
    response.on('error', () => {});
    response.on('close', () => {
      this.ended = true;
    });
  }

  /** Names of the events so far. */
  public events(): string[] {
    return [...this.text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);
  }

  public end(): void {
    this.request.destroy();
  }
}
