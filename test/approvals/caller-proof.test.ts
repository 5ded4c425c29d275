import * as fc from 'fast-check';
import { FakeSts, identityAnswer, StsAnswer } from './fake-sts';
import { baseUrl, GateSite, iamEvent } from './site';
import { askSts } from '../../src/approvals/callers/caller-proof.aws';
import {
  CallerProof,
  inTime,
  proofText,
  readProof,
  signedStsRequest,
  stsVerdict,
  unsignedStsRequest,
} from '../../src/approvals/callers/caller-proof.domain';
import { personOfArn } from '../../src/approvals/callers/session.service';
import { proofLimits } from '../../src/approvals/contract';
import { entitlementOf } from '../../src/approvals/person.domain';

const iam = { kind: 'iam', region: 'eu-central-1', trustSessionNames: false } as const;
const role = 'arn:aws:iam::111122223333:role/Approvers';
const session = 'arn:aws:sts::111122223333:assumed-role/Approvers/ann';
const other = 'arn:aws:sts::111122223333:assumed-role/Developers/eve';
const approve = JSON.stringify({ decision: 'approve' });

async function siteWithQuestion(): Promise<{ site: GateSite; id: string; url: string }> {
  const site = new GateSite({ people: [role], groups: [] }, iam);
  const id = await site.world.ask({ startedBy: 'arn:aws:iam::111122223333:user/sam' });
  return { site, id, url: `${baseUrl}/approvals/${id}` };
}

/** Nothing was decided, and nothing but the question is on record. */
function expectUndecided({ world }: GateSite): void {
  expect([world.tasks.sent, world.store.records.length]).toEqual([[], 1]);
}

describe('an approval that is forged by invoking the function', () => {
  test.each<[string, number, string, (site: GateSite, url: string) => Promise<string | undefined>]>([
    ['with an ARN and no proof', 401, 'unauthorized', async () => undefined],
    ['with a text that is no proof', 401, 'unauthorized', async () => 'AWS4-HMAC-SHA256 Credential=AKIA/x'],
    ["with the forger's own proof", 403, 'other_caller', (site, url) => site.sts.proof(other, { url, body: approve })],
    [
      "with the same role's proof in another account",
      403,
      'other_caller',
      (site, url) => site.sts.proof(session.replace('111122223333', '999999999999'), { url, body: approve }),
    ],
    [
      "with the approver's proof for another approval",
      401,
      'unauthorized',
      (site) => site.sts.proof(session, { url: `${baseUrl}/approvals/AAAAAAAAAAAAAAAAAAAAAA`, body: approve }),
    ],
    [
      "with the approver's proof for another gate",
      401,
      'unauthorized',
      (site, url) => site.sts.proof(session, { url: url.replace('gate.', 'other.'), body: approve }),
    ],
    [
      "with the approver's proof for a start",
      401,
      'unauthorized',
      (site) => site.sts.proof(session, { url: `${baseUrl}/starts/release`, body: approve }),
    ],
    [
      "with the approver's rejection",
      401,
      'unauthorized',
      (site, url) => site.sts.proof(session, { url, body: JSON.stringify({ decision: 'reject' }) }),
    ],
    [
      "with another comment than the approver's",
      401,
      'unauthorized',
      (site, url) => site.sts.proof(session, { url, body: JSON.stringify({ decision: 'approve', comment: 'no' }) }),
    ],
    [
      "with the approver's proof for another region",
      401,
      'unauthorized',
      (site, url) => site.sts.proof(session, { url, body: approve }, { region: 'us-east-1' }),
    ],
    [
      'with a proof of six minutes ago',
      401,
      'stale',
      (site, url) => site.sts.proof(session, { url, body: approve }, { atMs: site.world.nowMs - 360_000 }),
    ],
    [
      'with a proof for later',
      401,
      'stale',
      (site, url) => site.sts.proof(session, { url, body: approve }, { atMs: site.world.nowMs + 120_000 }),
    ],
    [
      'with a signature that was changed',
      401,
      'unauthorized',
      async (site, url) => changed(await site.sts.proof(session, { url, body: approve }), { signature: 'a'.repeat(64) }),
    ],
    [
      'with a time that was changed',
      401,
      'unauthorized',
      async (site, url) => {
        const old = await site.sts.proof(session, { url, body: approve }, { atMs: site.world.nowMs - 360_000 });
        return changed(old, { signedAt: new Date(site.world.nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '') });
      },
    ],
    [
      'with keys that STS does not know',
      401,
      'unauthorized',
      async (site, url) => changed(await site.sts.proof(session, { url, body: approve }), { accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }),
    ],
  ])('%s is %i %s', async (_name, status, code, proofFor) => {
    const { site, id, url } = await siteWithQuestion();
    const proof = await proofFor(site, url);
    const answer = await site.handler(
      iamEvent('/approvals/{id}', session, approve, proof === undefined ? {} : { 'X-Caller-Proof': proof }, id),
    );
    expect([answer.statusCode, (JSON.parse(answer.body) as { code: string }).code]).toEqual([status, code]);
    expectUndecided(site);
    expect(JSON.stringify(site.calls)).not.toContain(proof ?? 'AWS4');
  });

  test("with an account that is not the caller's is refused", async () => {
    const { site, id, url } = await siteWithQuestion();
    const event = iamEvent(
      '/approvals/{id}',
      session,
      approve,
      { 'X-Caller-Proof': await site.sts.proof(session, { url, body: approve }) },
      id,
    );
    for (const accountId of ['999999999999', undefined, null]) {
      expect((await site.handler({ ...event, requestContext: { identity: { userArn: session, accountId } } })).statusCode).toBe(403);
    }
    expectUndecided(site);
  });

  test("with a second proof beside the approver's is refused", async () => {
    const { site, id, url } = await siteWithQuestion();
    const event = iamEvent(
      '/approvals/{id}',
      session,
      approve,
      { 'X-Caller-Proof': await site.sts.proof(session, { url, body: approve }) },
      id,
    );
    expect((await site.handler({ ...event, multiValueHeaders: { 'X-Caller-Proof': ['x', 'y'] } })).statusCode).toBe(401);
    expectUndecided(site);
  });

  test('a body in base64 is the same body', async () => {
    const { site, id, url } = await siteWithQuestion();
    const body = JSON.stringify({ decision: 'approve', comment: 'für gut befunden' });
    const event = iamEvent(
      '/approvals/{id}',
      session,
      Buffer.from(body).toString('base64'),
      { 'X-Caller-Proof': await site.sts.proof(session, { url, body }) },
      id,
    );
    expect((await site.handler({ ...event, isBase64Encoded: true })).statusCode).toBe(200);
  });

  test('the same call with the proof of whom it names counts', async () => {
    const { site, id } = await siteWithQuestion();
    expect((await site.signed(session, id)).statusCode).toBe(200);
    expect(site.world.tasks.sent).toHaveLength(1);
  });
});

test('a captured proof that is sent again changes nothing, and after its time it is not asked about', async () => {
  const { site, id, url } = await siteWithQuestion();
  const proof = await site.sts.proof(session, { url, body: approve });
  const statuses = [];
  for (let sent = 0; sent < 3; sent += 1) statuses.push((await site.signed(session, id, { decision: 'approve' }, proof)).statusCode);
  expect([statuses, site.world.tasks.sent.length, site.sts.asked.length]).toEqual([[200, 409, 409], 1, 3]);
  site.world.nowMs += proofLimits.validSeconds * 1000;
  expect([(await site.signed(session, id, { decision: 'approve' }, proof)).statusCode, site.sts.asked.length]).toEqual([401, 3]);
});

describe('while STS', () => {
  const answer = (status: number, body: unknown, type = 'application/json'): StsAnswer => ({
    status,
    type,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const error = (status: number, code: string): StsAnswer => answer(status, { Error: { Code: code } });
  const whole = identityAnswer(session) as { GetCallerIdentityResponse: { GetCallerIdentityResult: object } };
  test.each<[string, StsAnswer]>([
    ['is down', error(500, 'InternalFailure')],
    ['is asked too often', error(400, 'Throttling')],
    ['is switched off in the region', error(403, 'RegionDisabledException')],
    ['sends elsewhere', { ...answer(302, ''), headers: { location: 'http://127.0.0.1:1/' } }],
    [
      "answers XML in which the caller's text stands",
      answer(
        200,
        '<GetCallerIdentityResponse><GetCallerIdentityResult>' +
          '<Arn>arn:aws:iam::111122223333:role/Approvers</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>',
        'text/xml',
      ),
    ],
    ['answers JSON as XML', answer(200, whole, 'text/xml')],
    [
      'answers another action with a caller inside',
      answer(200, { AssumeRoleResponse: whole.GetCallerIdentityResponse, GetCallerIdentityResponse: whole.GetCallerIdentityResponse }),
    ],
    ['answers an error that holds a caller', answer(200, { Error: whole })],
    ['answers a text that ends in a caller', answer(200, `x${JSON.stringify(whole)}`)],
    ['answers two callers', answer(200, `{"GetCallerIdentityResponse":{},${JSON.stringify(whole).slice(1)}`)],
    ['answers a list', answer(200, [whole])],
    [
      'answers two ARNs',
      answer(200, { GetCallerIdentityResponse: { GetCallerIdentityResult: { Account: '111122223333', Arn: [session, session] } } }),
    ],
    [
      'answers an ARN of another account than it says',
      answer(200, { GetCallerIdentityResponse: { GetCallerIdentityResult: { Account: '999999999999', Arn: session } } }),
    ],
  ])('%s, it is 503 with Retry-After, and nothing is decided', async (_name, instead) => {
    const { site, id } = await siteWithQuestion();
    site.sts.instead = () => instead;
    const { statusCode, headers, body } = await site.signed(session, id);
    expect([statusCode, headers['Retry-After'], JSON.parse(body).code]).toEqual([503, '5', 'unknown_caller']);
    expectUndecided(site);
    site.sts.instead = undefined;
    expect((await site.signed(session, id)).statusCode).toBe(200);
  });
});

describe('over the network', () => {
  const sts = new FakeSts(Date.now);
  const call = { url: `${baseUrl}/approvals/AAAAAAAAAAAAAAAAAAAAAA`, body: approve };
  let endpoint: string;
  beforeAll(async () => {
    endpoint = await sts.listen();
  });
  beforeEach(() => {
    sts.instead = undefined;
    sts.asked.length = 0;
  });
  afterAll(() => sts.stop());
  const asked = async (ask = askSts(endpoint)): ReturnType<ReturnType<typeof askSts>> =>
    ask(signedStsRequest('eu-central-1', call, readProof(await sts.proof(session, call))!));

  test('STS knows the signer; it is asked for one action, on its own host, with our headers alone', async () => {
    expect(await asked()).toEqual({ kind: 'caller', arn: session, accountId: '111122223333' });
    const [{ host, query, headers }] = sts.asked;
    expect([host, query.Action, query['X-Amz-SignedHeaders']]).toEqual([
      'sts.eu-central-1.amazonaws.com',
      'GetCallerIdentity',
      'host;x-approval-call',
    ]);
    expect(
      Object.keys(headers)
        .filter((name) => name !== 'connection')
        .sort(),
    ).toEqual(['accept', 'host', 'x-approval-call']);
  });

  test('a redirect is not followed', async () => {
    const elsewhere = new FakeSts(Date.now);
    const address = await elsewhere.listen();
    sts.instead = () => ({ status: 307, type: 'text/plain', body: '', headers: { location: address } });
    expect((await asked()).kind).toBe('unknown');
    expect(elsewhere.asked).toEqual([]);
    await elsewhere.stop();
  });

  test('an answer without end, and none at all, are no answer', async () => {
    sts.instead = () => ({
      status: 200,
      type: 'application/json',
      body: `${JSON.stringify(identityAnswer(session))}${' '.repeat(proofLimits.answerBytes)}`,
    });
    expect((await asked()).kind).toBe('unknown');
    expect((await asked(askSts('http://127.0.0.1:1'))).kind).toBe('unknown');
  });

  test('no answer is asked for once more; a refusal is not', async () => {
    let answers = 0;
    sts.instead = () => {
      answers += 1;
      if (answers === 1) return { status: 500, type: 'text/plain', body: '' };
      return { status: 200, type: 'application/json', body: JSON.stringify(identityAnswer(session)) };
    };
    expect((await asked()).kind).toBe('caller');
    sts.instead = () => ({ status: 403, type: 'application/json', body: '{"Error":{"Code":"SignatureDoesNotMatch"}}' });
    sts.asked.length = 0;
    expect([await asked(), sts.asked.length]).toEqual([{ kind: 'refused', code: 'SignatureDoesNotMatch' }, 1]);
  });
});

describe('what a proof can say', () => {
  const proof: CallerProof = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    signedAt: '20261129T030000Z',
    signature: '0'.repeat(64),
    sessionToken: 'a/+=;x',
  };

  test('is four values and nothing that the request is made of', () => {
    expect(readProof(proofText(proof))).toEqual(proof);
    for (const change of [
      { accessKeyId: 'AKIA/20261129/us-east-1/sts/aws4_request' },
      { accessKeyId: 'AKIAIOSFODNN7EXAMPLE&Action=x' },
      { signedAt: '20261129T030000Z&X-Amz-Expires=9' },
      { signature: '0'.repeat(63) },
      { sessionToken: 'a\r\nhost: evil' },
      { sessionToken: 'x'.repeat(5_000) },
    ]) {
      expect(readProof(proofText({ ...proof, ...change }))).toBeUndefined();
    }
  });

  test('whatever text: host, action and signed headers are ours', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('&', '=', '?', '#', '/', '@', ':', 'A', '%') })), (text) => {
        const read = readProof(proofText({ ...proof, sessionToken: text }));
        if (!read) return;
        const { host, query, headers } = signedStsRequest('eu-central-1', { url: baseUrl, body: '' }, read);
        expect([host, headers.host, query.Action, query.Version, query['X-Amz-Expires'], query['X-Amz-SignedHeaders']]).toEqual([
          'sts.eu-central-1.amazonaws.com',
          'sts.eu-central-1.amazonaws.com',
          'GetCallerIdentity',
          '2011-06-15',
          '300',
          'host;x-approval-call',
        ]);
      }),
    );
  });

  test('counts for five minutes, and one minute ahead', () => {
    const at = Date.UTC(2026, 10, 29, 3);
    const [valid, ahead] = [proofLimits.validSeconds * 1000, proofLimits.aheadSeconds * 1000];
    expect([at, at + valid - 1, at - ahead + 1, at + valid, at - ahead].map((nowMs) => inTime(proof, nowMs))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(inTime({ ...proof, signedAt: '20261399T996199Z' }, at)).toBe(false);
  });

  test('differs for each address, body and key', async () => {
    const calls = [
      { url: 'https://a/x', body: '' },
      { url: 'https://a/y', body: '' },
      { url: 'https://a/x', body: ' ' },
      { url: 'https://a/x', body: '', key: 'k' },
      { url: 'https://a/x', body: '', key: '-' },
    ];
    expect(new Set(calls.map((call) => unsignedStsRequest('eu-central-1', call).headers['x-approval-call'])).size).toBe(calls.length);
  });
});

describe('ARNs', () => {
  test.each([
    ['eu-central-1', 'sts.eu-central-1.amazonaws.com'],
    ['us-gov-west-1', 'sts.us-gov-west-1.amazonaws.com'],
    ['cn-north-1', 'sts.cn-north-1.amazonaws.com.cn'],
  ])('of %s come from %s', (region, host) => {
    expect(unsignedStsRequest(region, { url: baseUrl, body: '' }).host).toBe(host);
  });

  test.each<[string, string, boolean]>([
    ['arn:aws:sts::111122223333:assumed-role/Approvers/ann', 'arn:aws:iam::111122223333:role/teams/pay/Approvers', true],
    ['arn:aws-cn:sts::111122223333:assumed-role/Approvers/ann', 'arn:aws-cn:iam::111122223333:role/Approvers', true],
    ['arn:aws-us-gov:sts::111122223333:assumed-role/Approvers/ann', 'arn:aws-us-gov:iam::111122223333:role/Approvers', true],
    ['arn:aws-cn:sts::111122223333:assumed-role/Approvers/ann', 'arn:aws:iam::111122223333:role/Approvers', false],
    ['arn:aws:sts::999999999999:assumed-role/Approvers/ann', 'arn:aws:iam::111122223333:role/Approvers', false],
    ['arn:aws:iam::111122223333:user/ops/ann', 'arn:aws:iam::111122223333:user/ops/ann', true],
    ['arn:aws:sts::111122223333:federated-user/Approvers', 'arn:aws:iam::111122223333:role/Approvers', false],
  ])('%s is %s: %s', (arn, named, is) => {
    const { body } = { body: JSON.stringify(identityAnswer(arn)) };
    expect(stsVerdict(200, 'application/json', body)).toEqual({ kind: 'caller', arn, accountId: arn.split(':')[4] });
    expect(entitlementOf(personOfArn(arn, iam)!, { people: [named], groups: [] })).toBe(is ? named : undefined);
  });
});

function changed(text: string, change: Partial<CallerProof>): string {
  return proofText({ ...readProof(text)!, ...change });
}
