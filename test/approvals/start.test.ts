import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FakeSts } from './fake-sts';
import { iamEvent, oidc, TestIssuer } from './site';
import { CallerProofs } from '../../src/approvals/callers/caller-proof.service';
import { GateAnswer, GateEvent } from '../../src/approvals/callers/event.domain';
import { oidcProvider } from '../../src/approvals/callers/oidc.aws';
import { StepFunctionsStarter } from '../../src/approvals/callers/start.aws';
import { startHttp, StartPorts, StartRecord } from '../../src/approvals/callers/start.service';
import { ApprovalGate } from '../../src/approvals/constructs/approval-gate';
import { ApproverIdentity } from '../../src/approvals/constructs/approver-identity';
import { GateIdentity, readStartRules } from '../../src/approvals/contract';
import { newStack, plain, statementsByRole } from '../cdk/stacks';
import { cutoverIn } from '../cutover/machine';

const stateMachineArn = 'arn:aws:states:eu-central-1:111122223333:stateMachine:acme-pay-cutover';
const url = 'https://gate.example.com/live/starts/acme-pay-cutover';
const ann = { sub: 'sub-ann', email: 'ann@example.com', email_verified: true, groups: ['leads'] };

/** The call with everything behind it faked but the proof of who somebody is. */
class StartSite {
  public readonly issuer = new TestIssuer();
  public readonly started: { readonly input: Record<string, unknown>; readonly name: string }[] = [];
  private readonly inputs = new Map<string, string>();
  public readonly records: (StartRecord | unknown)[] = [];
  public readonly sts = new FakeSts(Date.now);
  public fails: Error | undefined;
  private readonly handler: (event: GateEvent) => Promise<GateAnswer>;

  constructor(change: Partial<StartPorts['rules']> = {}, identity: GateIdentity = oidc) {
    const starter = new StepFunctionsStarter(undefined as never);
    this.handler = startHttp({
      identity,
      provider: oidcProvider({ identity: oidc, jwks: this.issuer.jwks() }),
      rules: { stateMachineArn, people: [], groups: ['leads'], ...change },
      url,
      proofs: identity.kind === 'iam' ? new CallerProofs({ ask: this.sts.ask, nowMs: Date.now }, identity) : undefined,
      starter: { nameOf: (text) => starter.nameOf(text), start: (arn, input, name) => this.start(arn, input, name) },
      record: (call, thrown) => {
        this.records.push(call, thrown);
      },
    });
  }

  public async post(
    body: unknown,
    headers: Record<string, string> = {},
    twice?: string,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const all = { 'content-type': 'application/json', ...headers };
    const answer = await this.handler({
      resource: '/starts/acme-pay-cutover',
      httpMethod: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: all,
      multiValueHeaders: Object.fromEntries(
        Object.entries(all).map(([name, value]) => [name, name === twice ? ['other', value] : [value]]),
      ),
    });
    return { status: answer.statusCode, body: JSON.parse(answer.body) as Record<string, unknown> };
  }

  /** A signed call, with the proof of whom it names unless another is given. */
  public async signed(
    arn: string,
    body: object = {},
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: Record<string, unknown>; headers: Record<string, string> }> {
    const text = JSON.stringify(body);
    const proof = await this.sts.proof(arn, { url, body: text, key: headers['Idempotency-Key'] });
    const answer = await this.handler(iamEvent('/starts/acme-pay-cutover', arn, text, { 'X-Caller-Proof': proof, ...headers }));
    return { status: answer.statusCode, body: JSON.parse(answer.body) as Record<string, unknown>, headers: answer.headers };
  }

  public as(claims: Record<string, unknown>, more: Record<string, string> = {}): Record<string, string> {
    return { authorization: `Bearer ${this.issuer.token(claims)}`, ...more };
  }

  private start(arn: string, input: string, name: string): ReturnType<StepFunctionsStarter['start']> {
    expect(arn).toBe(stateMachineArn);
    if (this.fails) return Promise.reject(this.fails);
    const before = this.inputs.get(name);
    // Letter by letter, as Step Functions does.
    if (before !== undefined && before !== input) return Promise.resolve({ kind: 'taken' });
    this.inputs.set(name, input);
    if (before === undefined) this.started.push({ input: JSON.parse(input) as Record<string, unknown>, name });
    return Promise.resolve({ kind: 'started', execution: `arn:execution:${name}` });
  }
}

describe('who starts', () => {
  test('is written into the input by the token, whatever else is sent', async () => {
    const site = new StartSite();
    const { status, body } = await site.post({ action: 'cutover', reason: 'leaving us-east-1' }, site.as(ann));
    expect([status, body.startedBy]).toEqual([202, 'sub-ann = ann@example.com']);
    expect(site.started).toEqual([
      {
        input: { action: 'cutover', reason: 'leaving us-east-1', startedBy: 'sub-ann = ann@example.com' },
        name: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    ]);
  });

  test('cannot be said in the body', async () => {
    const site = new StartSite();
    for (const body of [{ startedBy: 'sub-bob' }, { startedBy: '' }, '{"startedBy":null}', [], '"text"', '{', '7']) {
      expect(await site.post(body, site.as(ann))).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
    expect(site.started).toEqual([]);
  });

  test('nobody, a forged token, another audience and somebody else start nothing', async () => {
    const site = new StartSite();
    const forged = { authorization: `Bearer ${new TestIssuer().token(ann)}` };
    for (const headers of [
      {},
      forged,
      { authorization: 'Bearer x.y.z' },
      site.as({ ...ann, aud: 'other' }),
      site.as({ ...ann, exp: 1 }),
      { cookie: '__Host-approval-session=abc' },
    ]) {
      expect(await site.post({}, headers)).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
    }
    for (const claims of [{ ...ann, groups: ['others'] }, { sub: 'leads' }, { ...ann, groups: undefined, email: 'leads' }]) {
      expect(await site.post({}, site.as(claims))).toMatchObject({ status: 403, body: { code: 'not_starter' } });
    }
    expect(site.started).toEqual([]);
  });

  test('by an address only when the provider vouches for it', async () => {
    const site = new StartSite({ groups: [], people: ['ann@example.com'] });
    expect((await site.post({}, site.as({ ...ann, email_verified: false }))).status).toBe(403);
    expect((await site.post({}, site.as(ann))).status).toBe(202);
  });

  test('with IAM is the role that signed, whatever its session is called', async () => {
    const role = 'arn:aws:iam::111122223333:role/starter';
    const site = new StartSite({ groups: [], people: [role] }, { kind: 'iam', region: 'eu-central-1', trustSessionNames: false });
    expect(await site.post({}, site.as(ann))).toMatchObject({ status: 401 });
    expect(await site.signed('arn:aws:sts::111122223333:assumed-role/other/starter')).toMatchObject({ status: 403 });
    expect(await site.signed('arn:aws:sts::111122223333:assumed-role/starter/bob')).toMatchObject({
      status: 202,
      body: { startedBy: role },
    });
  });

  test('with IAM is nobody whom the event alone names: each forged start is refused, and nothing starts', async () => {
    const role = 'arn:aws:iam::111122223333:role/starter';
    const session = 'arn:aws:sts::111122223333:assumed-role/starter/bob';
    const site = new StartSite({ groups: [], people: [role] }, { kind: 'iam', region: 'eu-central-1', trustSessionNames: false });
    const input = { action: 'rollback' };
    const proofFor = (change: object): Promise<string> => site.sts.proof(session, { url, body: JSON.stringify(input), ...change });
    const forms: [string, string, number, string][] = [
      ['no proof', '', 401, 'unauthorized'],
      ['of an approval', await proofFor({ url: 'https://gate.example.com/live/approvals/AAAAAAAAAAAAAAAAAAAAAA' }), 401, 'unauthorized'],
      ['of another start', await proofFor({ url: 'https://gate.example.com/live/starts/other' }), 401, 'unauthorized'],
      ['of another input', await proofFor({ body: '{"action":"cutover"}' }), 401, 'unauthorized'],
      ['of another key', await proofFor({ key: 'move-1' }), 401, 'unauthorized'],
      [
        'of somebody else',
        await site.sts.proof('arn:aws:sts::111122223333:assumed-role/other/bob', { url, body: JSON.stringify(input) }),
        403,
        'other_caller',
      ],
      [
        'of an hour ago',
        await site.sts.proof(session, { url, body: JSON.stringify(input) }, { atMs: Date.now() - 3_600_000 }),
        401,
        'stale',
      ],
    ];
    for (const [name, proof, status, code] of forms) {
      expect({ name, ...(await site.signed(session, input, { 'X-Caller-Proof': proof })) }).toMatchObject({ name, status, body: { code } });
    }
    expect(site.started).toEqual([]);
  });

  test('with IAM is started once by one proof, without a key too; where STS is silent nothing starts', async () => {
    const session = 'arn:aws:sts::111122223333:assumed-role/starter/bob';
    const site = new StartSite(
      { groups: [], people: ['arn:aws:iam::111122223333:role/starter'] },
      { kind: 'iam', region: 'eu-central-1', trustSessionNames: false },
    );
    const proof = await site.sts.proof(session, { url, body: '{"n":1}' });
    const send = (): Promise<unknown> => site.signed(session, { n: 1 }, { 'X-Caller-Proof': proof });
    expect(await send()).toEqual(await send());
    expect(site.started).toHaveLength(1);
    site.sts.instead = () => ({ status: 503, type: 'text/html', body: '' });
    expect(await site.signed(session, { n: 2 })).toMatchObject({
      status: 503,
      body: { code: 'unknown_caller' },
      headers: { 'Retry-After': '5' },
    });
    expect(site.started).toHaveLength(1);
  });
});

describe('a start', () => {
  test('that is sent again with its key begins nothing new; another input is refused', async () => {
    const site = new StartSite();
    const key = { 'Idempotency-Key': 'move-1' };
    const [first, again] = [await site.post({ reason: 'a' }, site.as(ann, key)), await site.post({ reason: 'a' }, site.as(ann, key))];
    expect([first.status, again.body]).toEqual([202, first.body]);
    expect(await site.post({ reason: 'b' }, site.as(ann, key))).toMatchObject({ status: 409, body: { code: 'taken' } });
    expect((await site.post({ reason: 'a' }, site.as({ ...ann, sub: 'sub-eve' }, key))).status).toBe(202);
    expect(site.started).toHaveLength(2);
    expect((await site.post({}, site.as(ann, { 'Idempotency-Key': 'with blank' }))).status).toBe(400);
  });

  test('means the same in any order and spelling of its members', async () => {
    const site = new StartSite();
    const key = { 'Idempotency-Key': 'move-1' };
    const texts = [
      '{"reason":"a","share":{"to":25,"from":0.50}}',
      '{ "share": {"from":5e-1, "to":25.0}, "re\\u0061son":"a" }',
      '{"share":{"from":0.5,"to":25},"reason":"a"}',
    ];
    const bodies: unknown[] = [];
    for (const text of texts) bodies.push(await site.post(text, site.as(ann, key)));
    expect(bodies).toEqual([expect.objectContaining({ status: 202 }), bodies[0], bodies[0]]);
    expect(site.started).toMatchObject([{ input: { reason: 'a', share: { from: 0.5, to: 25 } } }]);
  });

  test.each([
    [
      'a member twice',
      '{"decision":"reject","decision":"approve"}',
      'It has the member "decision" twice in one object: send each member once. Nothing was started.',
    ],
    [
      'a number that would be rounded',
      '{"order":9007199254740993}',
      'The number in "order" cannot be represented exactly: allowed are whole numbers up to 9007199254740991, and fractions of at ' +
        'most 15 digits. Nothing was started.',
    ],
    ['a number beyond all', '{"order":{"share":1e400}}', expect.stringContaining('The number in "share"')],
    ['a fraction that rounds', '{"share":0.1000000000000000055}', expect.stringContaining('The number in "share"')],
    ['minus nought', '{"share":-0}', expect.stringContaining('The number in "share"')],
    ['another prototype', '{"a":{"__proto__":{"startedBy":"sub-bob"}}}', expect.stringContaining('"__proto__"')],
    ['the starter in another spelling', '{"st\\u0061rtedBy":"sub-bob"}', expect.stringContaining('startedBy')],
    ['half a character', '{"reason":"\\ud83d"}', expect.stringContaining('The text in "reason"')],
    ['too many levels', `{"a":${'['.repeat(500)}${']'.repeat(500)}}`, expect.stringContaining('levels')],
    ['what is no UTF-8', '{"reason":"\uFFFD"}', expect.stringContaining('UTF-8')],
  ])('with %s is refused, and says why', async (_what, text, detail) => {
    const site = new StartSite();
    expect(await site.post(text, site.as(ann))).toMatchObject({ status: 400, body: { code: 'invalid_request', detail } });
    expect(site.started).toEqual([]);
  });

  test("with two keys, or of two types, is nobody's", async () => {
    const site = new StartSite();
    expect(await site.post({}, site.as(ann, { 'Idempotency-Key': 'k' }), 'Idempotency-Key')).toMatchObject({ status: 400 });
    expect(await site.post({}, site.as(ann), 'content-type')).toMatchObject({ status: 415 });
    expect(await site.post({}, site.as(ann), 'authorization')).toMatchObject({ status: 401 });
    expect(site.started).toEqual([]);
  });

  test('without a body is one with no input; other types and long ones are refused', async () => {
    const site = new StartSite();
    expect((await site.post('', site.as(ann))).status).toBe(202);
    expect((await site.post('reason=x', site.as(ann, { 'content-type': 'application/x-www-form-urlencoded' }))).status).toBe(415);
    expect((await site.post({ reason: 'x'.repeat(17_000) }, site.as(ann))).status).toBe(413);
  });

  test('whose outcome is not known says so; the log has no token and no body', async () => {
    const site = new StartSite();
    site.fails = new Error('timeout');
    expect(await site.post({ reason: 'very private' }, site.as(ann))).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(site.records).toEqual([{ status: 503, code: 'unavailable', by: undefined, execution: undefined }, site.fails]);
    site.fails = undefined;
    await site.post({ reason: 'very private' }, site.as(ann));
    expect(JSON.stringify(site.records)).not.toMatch(/private|Bearer|eyJ/);
  });
});

describe('the construct', () => {
  const stack = newStack('eu-central-1');
  const cutover = cutoverIn(stack, { starters: ['ann@example.com'] });
  const template = Template.fromStack(stack);

  test('makes a function that can start this one machine and nothing else', () => {
    const roles = plain(statementsByRole(template)) as Record<string, { Action: string | string[]; Resource: unknown }[]>;
    const [, statements] = Object.entries(roles).find(([name]) => name.startsWith('GateStart'))!;
    const actions = statements.flatMap(({ Action }) => Action).filter((action) => !/^(logs|xray):/.test(action));
    expect(actions).toEqual(['states:StartExecution']);
    expect(JSON.stringify(statements.find(({ Action }) => Action === 'states:StartExecution'))).toContain('stateMachine:acme-pay-cutover');
    const [{ Properties }] = Object.values(
      template.findResources('AWS::Lambda::Function', { Properties: { Description: 'acme-gate: start-acme-pay-cutover' } }),
    ) as any[];
    const { GATE_START: start } = Properties.Environment.Variables;
    expect(
      readStartRules(start['Fn::Join']?.[1].map((part: unknown) => (typeof part === 'string' ? part : 'x')).join('') ?? start),
    ).toMatchObject({ people: ['ann@example.com'], groups: [] });
  });

  test('says where to send', () => {
    const { startUrl } = cutover;
    expect(JSON.stringify(stack.resolve(startUrl))).toContain('/starts/acme-pay-cutover');
    // A proof is for that address: the function has it from here, not from whoever calls.
    const [made] = Object.values(
      template.findResources('AWS::Lambda::Function', { Properties: { Description: 'acme-gate: start-acme-pay-cutover' } }),
    ) as any[];
    expect(made.Properties.Environment.Variables.GATE_START_URL).toEqual(stack.resolve(startUrl));
    expect(cutoverIn().startUrl).toBeUndefined();
  });

  test('refuses what cannot work', () => {
    expect(() =>
      cutoverIn(newStack('eu-central-1'), { starters: ['ann'], phases: [{ targetPercent: 100, approval: false }] }, false),
    ).toThrow(/Cutover.*starters.*gate/s);
    const gateOf = (identity: ApproverIdentity): ApprovalGate =>
      new ApprovalGate(newStack('eu-central-1'), 'Gate', {
        gateName: 'acme-gate',
        identity,
        approvers: ['arn:aws:iam::111122223333:role/a'],
      });
    const [byToken, byIam] = [
      gateOf(ApproverIdentity.oidc({ issuer: 'https://login.example.com', clientId: 'gate' })),
      gateOf(ApproverIdentity.iam()),
    ];
    expect(() => byToken.addStart('x', { stateMachineName: 'm', starters: ['ann'] })).toThrow(/\[.*Gate\].*name.*'x'/s);
    expect(() => byToken.addStart('release', { stateMachineName: 'm m', starters: ['ann'] })).toThrow(/stateMachineName/);
    expect(() => byToken.addStart('release', { stateMachineName: 'm' })).toThrow(/starters/);
    expect(() => byIam.addStart('release', { stateMachineName: 'm', starterGroups: ['g'] })).toThrow(/starterGroups/);
    expect(() => byIam.addStart('release', { stateMachineName: 'm', starters: ['ann'] })).toThrow(/ARNs/);
  });

  test('with IAM asks for a signature, and lets principals send one', () => {
    const own = new Stack(undefined, 'Own', { env: { account: '111122223333', region: 'eu-central-1' } });
    const gate = new ApprovalGate(own, 'Gate', {
      gateName: 'acme-gate',
      identity: ApproverIdentity.iam(),
      approvers: ['arn:aws:iam::111122223333:role/a'],
    });
    gate.addStart('release', { stateMachineName: 'acme-release', starters: ['arn:aws:iam::111122223333:role/b'] });
    gate.grantStart(new Role(own, 'B', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }), 'release');
    const made = Template.fromStack(own);
    const methods = Object.values(made.findResources('AWS::ApiGateway::Method')) as {
      Properties: { HttpMethod: string; AuthorizationType: string };
    }[];
    expect(
      methods.filter(({ Properties }) => Properties.HttpMethod === 'POST').map(({ Properties }) => Properties.AuthorizationType),
    ).toEqual(['AWS_IAM', 'AWS_IAM']);
    expect(JSON.stringify(made.findResources('AWS::IAM::Policy'))).toContain('/POST/starts/release');
  });
});
