import { generateKeyPairSync } from 'node:crypto';
import { cemClaims, approve } from './page-claims';
import { GateSite, oidc } from './site';

describe('deciding with a bearer token', () => {
  test.each([
    [
      'two decisions',
      '{"decision":"reject","decision":"approve"}',
      'application/json',
      'It has the member "decision" twice in one object: send each member once. Nothing was changed.',
    ],
    [
      'two decisions in two spellings',
      '{"decision":"reject","d\\u0065cision":"approve"}',
      'application/json',
      expect.stringContaining('"decision" twice'),
    ],
    ['two comments', '{"decision":"approve","comment":"a","comment":"b"}', 'application/json', expect.stringContaining('"comment" twice')],
    [
      'two decisions in a form',
      'decision=reject&decision=approve',
      'application/x-www-form-urlencoded',
      'It has the field "decision" twice: send each field once. Nothing was changed.',
    ],
    ['half a character', '{"decision":"approve","comment":"\\ud83d"}', 'application/json', expect.stringContaining('"comment"')],
    ['a prototype', '{"decision":"approve","__proto__":{}}', 'application/json', expect.stringContaining('"__proto__"')],
    ['no object', '["approve"]', 'application/json', 'It is not a JSON object. Nothing was changed.'],
  ])('%s decide nothing', async (_what, body, type, detail) => {
    const site = new GateSite();
    const id = await site.world.ask();
    const { statusCode, body: answer } = await site.post(id, body, {
      ...site.bearer(cemClaims),
      'Content-Type': type,
      Accept: 'application/json',
    });
    expect([statusCode, JSON.parse(answer)]).toEqual([400, expect.objectContaining({ code: 'invalid_request', detail })]);
    expect(await site.world.gate.view(id)).toMatchObject({ status: 'OPEN', answers: [] });
  });

  test('counts once; sent again it is 409 and changes nothing', async () => {
    const site = new GateSite();
    const id = await site.world.ask();
    const first = await site.post(id, { decision: 'approve', comment: 'fine' }, site.bearer(cemClaims));
    expect(first.statusCode).toBe(200);
    expect(JSON.parse(first.body)).toMatchObject({
      approvalId: id,
      status: 'DECIDED',
      decision: 'APPROVED',
      reason: 'DECIDED',
      delivery: 'SENT',
    });
    for (const decision of ['approve', 'reject']) {
      const again = await site.post(id, { decision }, site.bearer(cemClaims));
      expect(again).toMatchObject({ statusCode: 409, headers: { 'Content-Type': 'application/problem+json' } });
      expect(JSON.parse(again.body)).toMatchObject({ code: 'decided', status: 409 });
    }
    expect(site.world.tasks.sent).toHaveLength(1);
  });

  test.each<[string, number, string, Record<string, unknown> | undefined, unknown]>([
    ['no identity', 401, 'unauthorized', undefined, approve],
    ['a stranger', 403, 'not_approver', { sub: 'sub-eve', groups: ['others'] }, approve],
    ['the starter', 403, 'starter', { sub: 'sub-sam', email: 'sam@example.com', groups: ['approvers'] }, approve],
    ['another decision', 400, 'invalid_request', cemClaims, { decision: 'maybe' }],
    ['no decision', 400, 'invalid_request', cemClaims, {}],
    ['a field too many', 400, 'invalid_request', cemClaims, { decision: 'approve', by: 'sub-ann' }],
    ['a long comment', 400, 'invalid_request', cemClaims, { decision: 'approve', comment: 'x'.repeat(1001) }],
    ['broken JSON', 400, 'invalid_request', cemClaims, '{"decision":'],
    ['a list', 400, 'invalid_request', cemClaims, []],
    ['a large body', 413, 'too_large', cemClaims, { decision: 'approve', comment: 'x'.repeat(20_000) }],
    ['a token for somebody else', 401, 'unauthorized', { ...cemClaims, aud: 'payments' }, approve],
    ['a token of another issuer', 401, 'unauthorized', { ...cemClaims, iss: 'https://evil.example.com' }, approve],
    ['an old token', 401, 'unauthorized', { ...cemClaims, exp: 1_700_000_000 }, approve],
    ['a token that names nobody', 401, 'unauthorized', { ...cemClaims, sub: undefined }, approve],
  ])('%s: %i %s', async (_name, status, code, claims, body) => {
    const site = new GateSite();
    const id = await site.world.ask();
    const answer = await site.post(id, body, claims && site.bearer(claims));
    expect(answer.statusCode).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ code, status });
    expect(site.world.tasks.sent).toEqual([]);
    expect(site.world.store.records).toHaveLength(1);
  });

  test('a forged token, an unknown ID, and one that is too late', async () => {
    const site = new GateSite();
    const id = await site.world.ask();
    const forged = site.issuer.token(cemClaims, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    expect((await site.post(id, approve, { Authorization: `Bearer ${forged}` })).statusCode).toBe(401);
    expect((await site.post(id, approve, { Authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJzdWItYW5uIn0.' })).statusCode).toBe(401);
    expect((await site.post('AAAAAAAAAAAAAAAAAAAAAA', approve, site.bearer(cemClaims))).statusCode).toBe(404);
    expect((await site.post(id, 'decision=approve', { ...site.bearer(cemClaims), 'Content-Type': 'text/plain' })).statusCode).toBe(415);
    site.world.advance(3600);
    expect(JSON.parse((await site.post(id, approve, site.bearer(cemClaims))).body)).toMatchObject({ status: 409, code: 'expired' });
    expect(site.world.tasks.taken.get('TOKEN-secret-0')).toMatchObject({ decision: 'REJECTED', reason: 'EXPIRED' });
  });

  test('an address makes nobody an approver unless the provider vouches for it', async () => {
    const claims = { sub: 'sub-new', email: 'ann@example.com', groups: [] };
    for (const [verified, status] of [
      [undefined, 403],
      [false, 403],
      ['false', 403],
      [true, 200],
      ['true', 200],
    ] as const) {
      const site = new GateSite({ people: ['ann@example.com'] });
      expect((await site.post(await site.world.ask(), approve, site.bearer({ ...claims, email_verified: verified }))).statusCode).toBe(
        status,
      );
    }
  });

  test('nor is anybody known by an address alone', async () => {
    const claims = { sub: 'sub-cem', email: 'cem@example.com', groups: ['approvers'] };
    for (const [verified, status] of [
      [undefined, 401],
      [false, 401],
      ['false', 401],
      [true, 200],
      ['true', 200],
    ] as const) {
      const site = new GateSite({}, { ...oidc, identityClaim: 'email' });
      expect((await site.post(await site.world.ask(), approve, site.bearer({ ...claims, email_verified: verified }))).statusCode).toBe(
        status,
      );
    }
  });

  test('other methods and paths', async () => {
    const site = new GateSite();
    const id = await site.world.ask();
    expect((await site.handler({ resource: '/approvals/{id}', httpMethod: 'PUT', pathParameters: { id } })).statusCode).toBe(405);
    expect((await site.handler({ resource: '/elsewhere', httpMethod: 'GET' })).statusCode).toBe(404);
  });

  test('a fault is 503 without a word of what it was', async () => {
    const site = new GateSite();
    const id = await site.world.ask();
    site.world.store.read = () => Promise.reject(new Error('table arn:aws:dynamodb is away'));
    const { statusCode, body } = await site.post(id, approve, site.bearer(cemClaims));
    expect(statusCode).toBe(503);
    expect(body).not.toContain('arn:');
    expect(site.calls[1]).toBeInstanceOf(Error);
  });
});
