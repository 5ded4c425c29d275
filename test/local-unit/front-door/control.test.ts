import { Door } from './door';
import { Gate } from '../../../local/http/gate';
import { apiEndpoints, enginePath } from '../../../local/network/apis';
import { resource } from '../dns/fakes';

describe('the switches', () => {
  let door: Door;

  beforeAll(async () => {
    door = await Door.open({ 'us-east-1': (_request, response) => response.end(), 'us-west-2': (_request, response) => response.end() });
  });

  afterAll(async () => door.close());

  const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    door.ask('POST', path, { body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body), headers });

  test('stop and start a region, as often as asked', async () => {
    for (const [verb, state] of [
      ['stop', 'stopped'],
      ['stop', 'stopped'],
      ['start', 'running'],
      ['start', 'running'],
    ]) {
      expect((await post(`/_local/regions/us-west-2/${verb}`)).json()).toEqual({ name: 'us-west-2', state });
    }
  });

  test('change one direction of a link', async () => {
    expect((await post('/_local/links/us-east-1/us-west-2', { lagMs: 80, partitioned: true })).json()).toEqual({
      from: 'us-east-1',
      to: 'us-west-2',
      lagMs: 80,
      partitioned: true,
    });
    expect((await post('/_local/links/us-east-1/us-west-2', { partitioned: false })).json()).toMatchObject({
      lagMs: 80,
      partitioned: false,
    });
    const { links } = (await door.ask('GET', '/_local/status')).json();
    expect(links.find((link: { from: string; to: string }) => link.from === 'us-west-2' && link.to === 'us-east-1')).toMatchObject({
      lagMs: 7,
      partitioned: false,
    });
    await post('/_local/links/us-east-1/us-west-2', { lagMs: 7 });
  });

  test.each([
    ['/_local/regions/eu-west-1/stop', undefined, 404],
    ['/_local/regions/us-east-1/stop', '{', 400],
    ['/_local/regions/us-east-1/stop', { force: true }, 400],
    ['/_local/links/us-east-1/eu-west-1', { lagMs: 1 }, 404],
    ['/_local/links/us-east-1/us-east-1', { lagMs: 1 }, 404],
    ['/_local/links/us-east-1/us-west-2', '{"lagMs":', 400],
    ['/_local/links/us-east-1/us-west-2', '[]', 400],
    ['/_local/links/us-east-1/us-west-2', { lagMs: '5' }, 400],
    ['/_local/links/us-east-1/us-west-2', { lagMs: -1 }, 400],
    ['/_local/links/us-east-1/us-west-2', { partitioned: 'yes' }, 400],
    ['/_local/links/us-east-1/us-west-2', { partitioned: true, lag: 5 }, 400],
    ['/_local/links/us-east-1/us-west-2', `{"lagMs":1,"x":"${'a'.repeat(5000)}"}`, 413],
    ['/_local/nothing', undefined, 404],
  ])('refuse %s %j with %i and change nothing', async (path, body, status) => {
    const before = (await door.ask('GET', '/_local/status')).json();
    const answer = await post(path, body);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect((await door.ask('GET', '/_local/status')).json()).toEqual(before);
  });

  test('take POST only, and the rest GET only', async () => {
    expect(await door.ask('GET', '/_local/regions/us-east-1/stop')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    expect(await post('/_local/status')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    expect(await door.ask('PUT', '/_local/cutover')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, POST' } });
    expect(await door.ask('HEAD', '/_local/status')).toMatchObject({ status: 200, body: '' });
    expect(await post('/')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  test.each(['/_local', '/_local/', '/_local/status/', '/_local/links//us-west-2', '/_local/traces/', '/_local/traces/%2F/x', '/other'])(
    'at %s there is nothing, and the known paths are told',
    async (path) => {
      const answer = await door.ask('GET', path);
      expect(answer.status).toBe(404);
      expect(answer.json().detail).toMatch(/There are \/, .*\/_local\/links\/\{from\}\/\{to\}, .*\/_local\/regions\/\{region\}\/stop, /);
    },
  );

  test('are not for pages of other origins, nor for other host names', async () => {
    expect((await post('/_local/regions/us-east-1/stop', undefined, { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await post('/_local/regions/us-east-1/stop', undefined, { Host: 'evil.example' })).status).toBe(403);
    expect(door.regions[0].state).toBe('running');
  });

  test("work from the page's forms, which lead back to it", async () => {
    const headers = {
      'Content-Type': 'application/x-www-form-urlencoded',
      Origin: `http://127.0.0.1:${door.port}`,
      Host: `127.0.0.1:${door.port}`,
    };
    expect(await post('/_local/regions/us-east-1/stop', '', headers)).toMatchObject({ status: 303, headers: { location: '/' } });
    expect(door.regions[0].state).toBe('stopped');
    expect((await door.ask('GET', '/')).body).toContain('action="/_local/regions/us-east-1/start"');
    await post('/_local/regions/us-east-1/start', '', headers);
    await post('/_local/links/us-east-1/us-west-2', 'lagMs=9', headers);
    await post('/_local/links/us-east-1/us-west-2', 'partitioned=true', headers);
    const { links } = (await door.ask('GET', '/_local/status')).json();
    expect(links).toContainEqual({ from: 'us-east-1', to: 'us-west-2', lagMs: 9, partitioned: true });
  });

  test("tell the status in the contract's form", async () => {
    expect((await door.ask('GET', '/_local/status')).json()).toMatchObject({
      regions: [{ name: 'us-east-1', state: 'running', healthy: true, requests: 0 }, { name: 'us-west-2' }],
      tables: [{ name: 'ledger', mode: 'STRONG', replicationLagMs: 0, conflicts: 3 }],
      buses: [],
      dns: [],
      alarms: [],
      approvals: [],
      cutovers: [],
    });
  });

  test('hand out tokens for a tenant', async () => {
    const answer = await door.ask('GET', '/_local/token?tenant=acme');
    expect(answer.headers['content-type']).toContain('text/plain');
    expect(JSON.parse(Buffer.from(answer.body.split('.')[1], 'base64url').toString())).toMatchObject({ tenant: 'acme', aud: 'payments' });
    const scopesOf = async (query: string) =>
      JSON.parse(Buffer.from((await door.ask('GET', `/_local/token?tenant=acme${query}`)).body.split('.')[1], 'base64url').toString())
        .scope;
    expect([
      await scopesOf(''),
      await scopesOf('&scope=payments/read'),
      await scopesOf('&scope=payments/read,payments/pay'),
      await scopesOf('&scope='),
    ]).toEqual(['payments/pay payments/read', 'payments/read', 'payments/read payments/pay', '']);
    for (const query of [
      '',
      '?tenant=',
      '?tenant=a%23b',
      `?tenant=${'a'.repeat(129)}`,
      '?tenant=acme&scope=payments/all',
      '?tenant=acme&scope=payments/pay,x',
    ]) {
      expect((await door.ask('GET', `/_local/token${query}`)).status).toBe(400);
    }
  });
});

describe('the gate', () => {
  const never = new AbortController().signal;

  test('turns away who finds the line full, waits too long, or goes', async () => {
    const gate = new Gate(1, 2, 50);
    expect(await gate.enter(never)).toBe('entered');
    const gone = new AbortController();
    const [late, left] = [gate.enter(never), gate.enter(gone.signal)];
    expect(await gate.enter(never)).toBe('full');
    gone.abort();
    expect(await left).toBe('gone');
    expect(await late).toBe('late');
    expect(gate.waiting).toBe(0);
    gate.leave();
    expect(gate.entered).toBe(0);
  });
});

describe('the APIs of the app', () => {
  const resources = [
    resource('AWS::ApiGateway::Stage', 'Live', { RestApiId: 'abc', StageName: 'live' }),
    resource('AWS::ApiGateway::DomainName', 'Name', { DomainName: 'Pay.example.com' }),
    resource('AWS::ApiGateway::BasePathMapping', 'Whole', { DomainName: { Ref: 'Name' }, RestApiId: 'abc', Stage: 'live' }),
    resource('AWS::ApiGateway::BasePathMapping', 'Part', {
      DomainName: 'shop.example.com',
      BasePath: 'pay',
      RestApiId: 'abc',
      Stage: 'live',
    }),
  ];
  const apis = apiEndpoints(resources);

  test('are read with the names that lead to them', () => {
    expect(apis).toEqual([
      {
        region: 'us-east-1',
        apiId: 'abc',
        stage: 'live',
        domains: [
          { name: 'pay.example.com', basePath: '' },
          { name: 'shop.example.com', basePath: 'pay' },
        ],
      },
    ]);
  });

  test('answer to their names and base paths, and to no other', () => {
    expect(enginePath(apis, 'us-east-1', 'pay.example.com', '/health?x=1')).toBe('/_aws/execute-api/abc/live/health?x=1');
    expect(enginePath(apis, 'us-east-1', 'shop.example.com', '/pay/health')).toBe('/_aws/execute-api/abc/live/health');
    expect(enginePath(apis, 'us-east-1', 'shop.example.com', '/pay?x=1')).toBe('/_aws/execute-api/abc/live/?x=1');
    expect(enginePath(apis, 'us-east-1', 'shop.example.com', '/payments')).toBeUndefined();
    expect(enginePath(apis, 'us-east-1', 'abc.execute-api.us-east-1.amazonaws.com', '/live/health')).toBe(
      '/_aws/execute-api/abc/live/health',
    );
    expect(enginePath(apis, 'us-east-1', 'abc.execute-api.us-east-1.amazonaws.com', '/other/health')).toBeUndefined();
    expect(enginePath(apis, 'us-west-2', 'pay.example.com', '/health')).toBeUndefined();
  });
});
