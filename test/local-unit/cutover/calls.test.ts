import { createHash } from 'node:crypto';
import { FakeCutover, people, run, source, target } from './fake-cutover';
import type { RegionHandle } from '../../../local/ground/model';
import { Door } from '../front-door/door';

const approvalId = 'AAAAAAAAAAAAAAAAAAAAAA';
let door: Door;
let fake: FakeCutover;
/** What reached the gate's stage. */
let gateSaw: string[];

beforeEach(async () => {
  fake = new FakeCutover();
  gateSaw = [];
  const gate = (
    request: { method?: string; url?: string },
    response: { writeHead(status: number, headers: object): void; end(text: string): void },
  ): void => {
    gateSaw.push(`${request.method} ${request.url}`);
    response.writeHead(200, { 'Content-Type': 'text/html' });
    response.end('the page');
  };
  door = await Door.open(
    { [source]: (_, response) => response.end('{}'), [target]: gate as never },
    {
      cutover: fake,
      dns: {
        publicName: 'pay.example.com',
        resolve: () => ({ kind: 'nowhere', reason: 'a test' }),
        regionHealthy: () => true,
        status: () => fake.records(),
        close: () => undefined,
      },
    },
  );
});

afterEach(async () => door.close());

const bearer = (name: string): Record<string, string> => ({ Authorization: `Bearer ${fake.approverToken(name)}` });
const start = (headers: Record<string, string>, body: unknown = {}): ReturnType<Door['ask']> =>
  door.ask('POST', '/_local/cutover', { headers, body: typeof body === 'string' ? body : JSON.stringify(body) });

describe('starting', () => {
  test('as the bearer of the token, with what must be attested', async () => {
    const answer = await start(bearer(people[0]));
    expect([answer.status, answer.json().state, answer.json().execution]).toEqual([202, 'RUNNING', run]);
    expect(fake.started).toEqual([
      {
        arn: fake.machines[0].arn,
        input: {
          action: 'cutover',
          startedBy: people[0],
          reason: '',
          attested: { 'documents-backfilled': `${people[0]}: nothing to copy in the local run` },
        },
      },
    ]);
  });

  test('with a plan of its own for what a run is given', async () => {
    fake.running();
    expect((await start(bearer('op'), { plan: { action: 'rollback', reason: 'enough', attested: {} } })).status).toBe(202);
    expect(fake.started).toMatchObject([{ input: { action: 'rollback', startedBy: 'op', reason: 'enough', attested: {} } }]);
  });

  test('is refused while one runs', async () => {
    fake.running();
    expect((await start(bearer(people[0]))).status).toBe(409);
    expect(fake.started).toEqual([]);
  });

  test('two at once are one', async () => {
    const answers = await Promise.all([start(bearer(people[0])), start(bearer(people[1]))]);
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    expect(fake.started).toHaveLength(1);
  });

  test.each<[string, (token: string) => string | undefined]>([
    ['none', () => undefined],
    ['something else', () => 'nonsense'],
    ['one with another subject', (token) => forged(token, { sub: 'mallory' })],
    ['one of another key', (token) => token.replace(/.{4}$/, 'AAAA')],
    ['one that says it needs no signature', (token) => forged(token, {}, { alg: 'none' })],
  ])('needs a token: not %s', async (_, change) => {
    const token = change(fake.approverToken(people[0]));
    const answer = await start(token === undefined ? {} : { Authorization: `Bearer ${token}` });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    expect(fake.started).toEqual([]);
  });

  test('an expired token starts nothing', async () => {
    expect((await start({ Authorization: `Bearer ${fake.approverToken(people[0], {}, -1)}` })).status).toBe(401);
  });

  test.each([
    [{ phases: [1] }, 'Unknown field phases'],
    [{ plan: 7 }, 'plan is an object'],
    [{ plan: { soak: 0 } }, 'Unknown field soak in plan'],
    [{ plan: { action: 'leave' } }, 'action is one of'],
    [{ plan: { attested: { a: 1 } } }, 'attested is an object of texts'],
    ['{', 'not valid JSON'],
  ])('%j is refused', async (body, detail) => {
    const answer = await start(bearer(people[0]), body);
    expect([answer.status, answer.json().detail]).toEqual([400, expect.stringContaining(detail)]);
    expect(fake.started).toEqual([]);
  });

  test("says when the state machine's region is lost", async () => {
    fake.lost = new Error('the region is stopped');
    expect((await start(bearer(people[0]))).status).toBe(503);
    fake.lost = undefined;
    expect((await start(bearer(people[0]))).status).toBe(202);
  });
});

describe('how it stands', () => {
  const look = async (): Promise<any> => (await door.ask('GET', '/_local/cutover')).json();

  test('before the first run', async () => {
    await fake.weigh(0);
    expect(await look()).toMatchObject({
      state: 'NOT_STARTED',
      phase: 0,
      weights: { [source]: 100, [target]: 0 },
      home: source,
      approvers: people,
    });
  });

  test('under way: phase, weights, who is asked, what is recorded', async () => {
    await fake.weigh(0);
    await fake.record('started', { what: 'started', run, action: 'cutover', reason: 'r', plan: 'p', phases: [10, 100], attested: {} }, [
      people[0],
    ]);
    await fake.record('pre', {
      what: 'prechecks',
      run,
      phase: 0,
      passed: false,
      digest: 'd',
      failed: ['b'],
      checks: ['ok a: fine: really', 'NOT b: missing'],
    });
    fake.running({ state: 'Approval', waitsForToken: true, data: { last: { phase: 0 } } });
    fake.mails = [fake.mailOf('BBBBBBBBBBBBBBBBBBBBBB', '2026-11-22T02:00:00.000Z')];
    expect((await look()).openApproval).toBeUndefined();
    fake.mails = [...fake.mails, fake.mailOf(approvalId)];
    const view = await look();
    expect(view).toMatchObject({
      state: 'RUNNING',
      phase: 1,
      phases: [
        { targetPercent: 10, state: 'current' },
        { targetPercent: 100, state: 'later' },
      ],
      step: 'Approval',
      startedBy: people[0],
      openApproval: { approvalId, url: `http://127.0.0.1:4580/approvals/${approvalId}` },
      checks: {
        phase: 1,
        passed: false,
        checks: [
          { name: 'a', passed: true, value: 'fine: really' },
          { name: 'b', passed: false, value: 'missing' },
        ],
      },
    });
    expect(view.history.map(({ by }: { by?: string }) => by)).toContain(people[0]);
    const status = (await door.ask('GET', '/_local/status')).json();
    expect([status.approvals, status.cutovers]).toMatchObject([[{ approvalId }], [{ state: 'RUNNING', phase: 1 }]]);
  });

  test('an approval that is decided is not open', async () => {
    fake.running({ waitsForToken: true });
    fake.mails = [fake.mailOf(approvalId)];
    await fake.record(`${run}/decision/${approvalId}`, { what: 'decision', run, about: 'phase 1', decision: 'APPROVED', comments: [] }, [
      people[1],
    ]);
    expect((await look()).openApproval).toBeUndefined();
  });

  test.each([
    ['SUCCEEDED', { status: 'SUCCEEDED', output: { state: 'SUCCEEDED', why: 'done' } }, 'done'],
    ['ROLLED_BACK', { status: 'SUCCEEDED', output: { state: 'ROLLED_BACK', why: 'rejected' } }, 'rejected'],
    ['PAUSED', { status: 'SUCCEEDED', output: { state: 'PAUSED', why: 'a check' } }, 'a check'],
    ['FAILED', { status: 'FAILED', error: 'FAILED', cause: 'refused' }, 'refused'],
    ['FAILED', { status: 'ABORTED' }, 'aborted'],
  ] as const)('ended %s', async (state, change, why) => {
    await fake.weigh(0);
    await fake.weigh(10);
    fake.running({ ...change, state: undefined });
    expect(await look()).toMatchObject({
      state,
      why,
      phase: 1,
      phases: [{ state: 'done' }, { state: 'later' }],
      weights: { [source]: 90, [target]: 10 },
    });
  });

  test('weights are the real ones, also when nobody recorded them', async () => {
    await fake.weigh(0);
    fake.weights = { [source]: 30, [target]: 70 };
    expect((await look()).weights).toEqual({ [source]: 30, [target]: 70 });
  });

  test('what was known stays while the region is away', async () => {
    await fake.weigh(0);
    await look();
    fake.lost = new Error('frozen');
    expect(await look()).toMatchObject({ home: source, history: [expect.anything(), expect.anything()] });
  });
});

test('the audit tells each record with its hash, and as a report', async () => {
  await fake.weigh(0);
  const lines = (await door.ask('GET', '/_local/audit')).json();
  expect(lines).toMatchObject([
    { seq: 1, what: 'intent', prev: 'none' },
    { seq: 2, what: 'changed', name: '/acme-pay/cutover/audit/000002', entry: { weights: { source: 100, target: 0 } } },
  ]);
  expect(lines[1].prev).toBe(createHash('sha256').update(fake.texts.get(1)!).digest('hex'));
  const report = await door.ask('GET', '/_local/audit?format=report');
  expect([report.headers['content-type'], report.body]).toEqual([
    'text/markdown; charset=utf-8',
    expect.stringContaining('Unbroken: 2 records'),
  ]);
  expect((await door.ask('GET', '/_local/audit?format=pdf')).status).toBe(400);
});

test('a broken chain is said to be broken', async () => {
  await fake.weigh(0);
  fake.texts.set(1, fake.texts.get(1)!.replace('"weight":100', '"weight":10'));
  expect((await door.ask('GET', '/_local/audit?format=report')).body).toContain('**BROKEN**');
});

test('mail, and tokens for whoever asks', async () => {
  fake.mails = [fake.mailOf(approvalId)];
  expect((await door.ask('GET', '/_local/mail')).json()).toEqual(fake.mails);
  const token = await door.ask('GET', `/_local/token?approver=${people[1]}`);
  expect([token.status, JSON.parse(Buffer.from(token.body.split('.')[1], 'base64url').toString()).sub]).toEqual([200, people[1]]);
  expect((await door.ask('GET', '/_local/token?approver=')).status).toBe(400);
});

describe('approvals', () => {
  test("are led to the gate's own API", async () => {
    const page = await door.ask('GET', `/approvals/${approvalId}?x=1`);
    await door.ask('POST', `/approvals/${approvalId}`, { body: '{"decision":"approve"}', headers: { 'Content-Type': 'application/json' } });
    await door.ask('GET', '/sign-in/callback?code=1');
    expect(page.body).toBe('the page');
    expect(gateSaw).toEqual([
      `GET /_aws/execute-api/gate1/prod/approvals/${approvalId}?x=1`,
      `POST /_aws/execute-api/gate1/prod/approvals/${approvalId}`,
      'GET /_aws/execute-api/gate1/prod/sign-in/callback?code=1',
    ]);
  });

  test('lead nowhere else', async () => {
    for (const path of ['/approvals/../../other/x', '/approvals/%2e%2e/x', '/approvals/..%2fx']) {
      expect((await door.ask('GET', path)).status).toBe(400);
    }
    expect(gateSaw).toEqual([]);
  });

  test('are away with their region', async () => {
    await (door.regions.find(({ name }) => name === target) as RegionHandle).stop();
    expect((await door.ask('GET', `/approvals/${approvalId}`)).status).toBe(503);
  });
});

describe('signing in', () => {
  const verifier = 'a-verifier-of-at-least-forty-three-characters-x';
  const query = (change: Record<string, string> = {}): string =>
    new URLSearchParams({
      response_type: 'code',
      redirect_uri: `http://127.0.0.1:${door.port}/sign-in/callback`,
      state: 's',
      nonce: 'n',
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      ...change,
    }).toString();
  const redeem = (code: string, change: Record<string, string> = {}): ReturnType<Door['ask']> =>
    door.ask('POST', '/_local/sign-in/token', {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        code,
        code_verifier: verifier,
        redirect_uri: `http://127.0.0.1:${door.port}/sign-in/callback`,
        ...change,
      }).toString(),
    });
  const codeFor = async (person: string): Promise<string> =>
    new URL((await door.ask('GET', `/_local/sign-in/authorize?${query({ as: person })}`)).headers.location!).searchParams.get('code')!;

  test('offers the approvers, and gives a code that serves once', async () => {
    expect((await door.ask('GET', `/_local/sign-in/authorize?${query()}`)).body).toContain(people[1]);
    const code = await codeFor(people[1]);
    const claims = JSON.parse(Buffer.from((await redeem(code)).json().id_token.split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({ sub: people[1], nonce: 'n' });
    expect((await redeem(code)).status).toBe(400);
  });

  test('a code is good for whoever asked for it alone', async () => {
    expect((await redeem(await codeFor(people[0]), { code_verifier: 'another' })).status).toBe(400);
    expect((await redeem(await codeFor(people[0]), { redirect_uri: 'http://127.0.0.1:1/' })).status).toBe(400);
    expect((await redeem('made-up')).status).toBe(400);
    expect((await door.ask('GET', `/_local/sign-in/authorize?${query({ redirect_uri: 'https://evil.example/' })}`)).status).toBe(400);
    expect((await door.ask('GET', `/_local/sign-in/authorize?${query({ code_challenge_method: 'plain' })}`)).status).toBe(400);
  });
});

test("the page's buttons start and roll back in an approver's name, and in nobody else's", async () => {
  const press = (fields: Record<string, string>): ReturnType<Door['ask']> =>
    door.ask('POST', '/_local/page/cutover', {
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });
  expect((await press({ as: people[0], action: 'cutover' })).status).toBe(303);
  expect((await press({ as: 'mallory', action: 'rollback' })).status).toBe(400);
  expect((await press({ as: people[1], action: 'rollback' })).status).toBe(303);
  expect(fake.started).toMatchObject([
    { input: { startedBy: people[0], action: 'cutover' } },
    { input: { startedBy: people[1], action: 'rollback' } },
  ]);
  const elsewhere = await door.ask('POST', '/_local/page/cutover', {
    headers: { Origin: 'https://evil.example' },
    body: `as=${people[0]}`,
  });
  expect(elsewhere.status).toBe(403);
});

test('where nothing is moved, the calls say so', async () => {
  const other = await Door.open({ [source]: (_, response) => response.end('{}') });
  const answers = await Promise.all(
    [
      ['GET', 'cutover'],
      ['POST', 'cutover'],
      ['GET', 'mail'],
      ['GET', 'audit'],
      ['GET', 'token?approver=x'],
    ].map(([method, path]) => other.ask(method, `/_local/${path}`)),
  );
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
  expect((await other.ask('GET', `/approvals/${approvalId}`)).status).toBe(404);
  expect((await other.ask('GET', '/')).body).not.toContain('Cutover');
  await other.close();
});

test.each([
  ['PUT', 'cutover', 'GET, HEAD, POST'],
  ['POST', 'mail', 'GET, HEAD'],
  ['DELETE', 'audit', 'GET, HEAD'],
])('%s %s is not a method of it', async (method, path, allow) => {
  const answer = await door.ask(method, `/_local/${path}`);
  expect([answer.status, answer.headers.allow]).toEqual([405, allow]);
});

/** The token with other content under the same signature. */
function forged(token: string, claims: object, header: object = {}): string {
  const [head, payload, signature] = token.split('.');
  const changed = (part: string, change: object): string =>
    Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(part, 'base64url').toString()), ...change })).toString('base64url');
  return [changed(head, header), changed(payload, claims), signature].join('.');
}
