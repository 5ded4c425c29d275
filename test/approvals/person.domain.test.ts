import * as fc from 'fast-check';
import { GateSite, oidc } from './site';
import { personOfArn, personOfClaims } from '../../src/approvals/callers/session.service';
import { startHttp } from '../../src/approvals/callers/start.service';
import { Person } from '../../src/approvals/model';
import { countPeople, entitlementOf, isStarter, samePerson } from '../../src/approvals/person.domain';
import { normalName, starterText } from '../../src/kernel/person-name';

const approve = { decision: 'approve' };
/** One address, several accounts of the provider. */
const account = (sub: string, email = 'alice@example.com'): Record<string, unknown> => ({ sub, email, email_verified: true });

describe('a name has one form', () => {
  test('which all code points keep in any case', () => {
    const other: string[] = [];
    for (let code = 0; code <= 0x10ffff; code += 1) {
      const character = String.fromCodePoint(code);
      const cases = [character, character.toLowerCase(), character.toUpperCase(), character.normalize('NFKC')];
      // The dotless i is another letter than the i, though both have one capital.
      if (cases.every((form) => form === character) || character === 'ı') continue;
      const normals = new Set(cases.map((form) => normalName(`x${form}x`)));
      if (normals.size !== 1) other.push(code.toString(16));
    }
    expect(other).toEqual([]);
    expect(normalName('ı')).not.toBe(normalName('i'));
  });

  test('as wide letters, ligatures, accents in two parts, sharp s and what does not show', () => {
    const pairs = [
      ['Ａlice@example.com', 'alice@example.com'],
      ['STRASSE', 'straße'],
      ['STRAẞE', 'strasse'],
      ['e\u0301', 'É'],
      ['oﬃce', 'OFFICE'],
      ['al\u200bice', ' Alice\u00a0'],
      ['ΟΔΟΣ', 'οδος'],
    ];
    for (const [one, other] of pairs) expect(normalName(one)).toBe(normalName(other));
  });

  test('and taking it twice changes nothing', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => normalName(normalName(name)) === normalName(name)));
  });
});

describe('one person is one', () => {
  test('three accounts with one address started, and cannot approve; nor do two of them count as two', async () => {
    const site = new GateSite({ people: ['alice@example.com', 'ben@example.com'], required: 2 });
    let startedBy = '';
    const start = startHttp({
      identity: oidc,
      provider: { verify: (token) => Promise.resolve({ kind: 'valid', claims: JSON.parse(token) as Record<string, unknown> }) },
      rules: { stateMachineArn: 'arn', people: ['alice@example.com'], groups: [] },
      url: 'https://gate.example.com/live/starts/x',
      record: () => undefined,
      starter: {
        nameOf: () => 'name',
        start: (_arn, input) => {
          ({ startedBy } = JSON.parse(input) as { startedBy: string });
          return Promise.resolve({ kind: 'started', execution: 'arn' });
        },
      },
    });
    const body = await start({
      resource: '/starts/x',
      httpMethod: 'POST',
      body: '',
      headers: { authorization: `Bearer ${JSON.stringify(account('google-1'))}` },
    });
    expect([body.statusCode, startedBy]).toEqual([202, 'google-1 = alice@example.com']);

    const started = await site.world.ask({ startedBy });
    for (const claims of [account('google-1'), account('github-2'), account('saml-3', 'ALICE@example.com')]) {
      expect(JSON.parse((await site.post(started, approve, site.bearer(claims))).body)).toMatchObject({ status: 403, code: 'starter' });
    }
    const other = await site.world.ask({ token: 'TOKEN-1', startedBy: 'sam@example.com' });
    expect((await site.post(other, approve, site.bearer(account('github-2')))).statusCode).toBe(200);
    for (const claims of [account('google-1'), account('saml-3', 'Alice@Example.com')]) {
      expect(JSON.parse((await site.post(other, approve, site.bearer(claims))).body)).toMatchObject({ status: 409, code: 'repeated' });
    }
    expect(site.world.tasks.sent).toEqual([]);
    expect((await site.post(other, approve, site.bearer(account('sub-ben', 'ben@example.com')))).statusCode).toBe(200);
    expect(site.world.tasks.taken.get('TOKEN-1')).toMatchObject({ decision: 'APPROVED', by: ['github-2', 'sub-ben'] });
  });

  test('told apart by address, capitals make no second one, and a changed address none either', async () => {
    const site = new GateSite({ groups: ['approvers'], required: 2 }, { ...oidc, identityClaim: 'email' });
    const id = await site.world.ask({ startedBy: 'sam' });
    const as = async (claims: Record<string, unknown>): Promise<number> =>
      (await site.post(id, approve, site.bearer({ ...claims, groups: ['approvers'] }))).statusCode;
    expect(await as(account('1', 'alice@example.com'))).toBe(200);
    expect(await as(account('2', 'Alice@example.com'))).toBe(409);
    expect(await as(account('1', 'alice.new@example.com'))).toBe(409);
    expect(await as(account('3', 'ben@example.com'))).toBe(200);
  });

  test('with IAM: a session of one name in two roles, where names are trusted', () => {
    const identity = { kind: 'iam', region: 'eu-central-1', trustSessionNames: true } as const;
    const session = (role: string, name: string): Person =>
      personOfArn(`arn:aws:sts::111122223333:assumed-role/${role}/${name}`, identity)!;
    const [admin, power, ben] = [session('Admin', 'alice@example.com'), session('Power', 'Alice@example.com'), session('Admin', 'ben')];
    expect(samePerson(admin.names, power.names)).toBe(true);
    expect(samePerson(admin.names, ben.names)).toBe(false);
    expect(isStarter(power, starterText(admin.names))).toBe(true);
    expect(isStarter(power, 'arn:aws:sts::111122223333:assumed-role/Admin/alice@example.com')).toBe(true);
    expect(isStarter(ben, starterText(admin.names))).toBe(false);
    // A role lets its sessions in, and is nobody's name.
    for (const person of [admin, ben]) {
      expect(entitlementOf(person, { people: ['arn:aws:iam::111122223333:role/teams/ADMIN'], groups: [] })).toBeDefined();
    }
    expect(entitlementOf(power, { people: ['arn:aws:iam::111122223333:role/Admin'], groups: [] })).toBeUndefined();
  });

  test('also by way of a third account', () => {
    expect(countPeople([['a'], ['B'], ['b', 'A']])).toBe(1);
    expect(countPeople([['a'], ['b', 'A'], ['B', 'c'], ['d']])).toBe(2);
    expect(countPeople([])).toBe(0);
    const names = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1, maxLength: 3 });
    fc.assert(fc.property(fc.array(names, { maxLength: 6 }), (people) => countPeople(people) === countPeople([...people].reverse())));
  });

  test('whatever the starter is called: all names are kept, once, and each keeps out', () => {
    expect(starterText(['sub', 'A@example.com', 'a@example.com'])).toBe('sub = A@example.com');
    const name = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.trim() !== '');
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 3 }), fc.nat(), (names, at) => {
        const one = names[at % names.length];
        return isStarter({ id: one, name: '', vouched: [], names: [one], aliases: [], groups: [] }, starterText(names));
      }),
    );
  });
});

describe('a name lets in', () => {
  const identity = oidc;
  const person = (claims: Record<string, unknown>): Person => personOfClaims(claims, identity)!;

  test("in any case, but not when it only looks like an approver's", () => {
    const among = { people: ['Alice@Example.com'], groups: [] };
    expect(entitlementOf(person(account('1')), among)).toBe('Alice@Example.com');
    for (const look of ['Ａlice@example.com', 'al\u200bice@example.com', 'alıce@example.com']) {
      expect(entitlementOf(person(account('1', look)), among)).toBeUndefined();
    }
  });

  test('the answer says by which entry', async () => {
    const site = new GateSite({ people: ['alice@example.com'], groups: ['approvers'] });
    const id = await site.world.ask({ startedBy: 'sam' });
    await site.post(id, approve, site.bearer({ ...account('1'), name: 'Alice' }));
    expect(site.world.store.requests.get(id)!.answers).toMatchObject([
      { by: '1', entitledBy: 'alice@example.com', names: ['1', 'alice@example.com'] },
    ]);
    // Whoever has the link sees who answered, not by which other names they are known.
    expect((await site.get(id, { Accept: 'application/json' })).body).not.toContain('alice@example.com');
  });

  test('and a group, however its accents are written, which never makes it another one', () => {
    const forms = (text: string): string[] => ['NFC', 'NFD'].map((form) => text.normalize(form));
    for (const name of forms('josé@example.com')) {
      for (const other of forms('José@example.com')) {
        expect(entitlementOf(person(account('1', name)), { people: [other], groups: [] })).toBe(other);
      }
    }
    for (const group of forms('équipe')) {
      for (const other of forms('équipe')) {
        expect(entitlementOf(person({ sub: '1', groups: [group] }), { people: [], groups: [other] })).toBe(group);
      }
      expect(entitlementOf(person({ sub: '1', groups: [group] }), { people: [], groups: ['Équipe', 'equipe'] })).toBeUndefined();
    }
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('NFC', 'NFD', 'NFKC', 'NFKD'),
        (name, form) => normalName(name.normalize(form)) === normalName(name),
      ),
    );
  });

  test('a group claim that is one text is one group; splitting is asked for', () => {
    const groupsOf = (groups: unknown, groupsSeparator?: string): readonly string[] =>
      personOfClaims({ sub: '1', groups }, { ...oidc, groupsSeparator })!.groups;
    expect(groupsOf('guests approvers')).toEqual(['guests approvers']);
    expect(groupsOf('guests,approvers')).toEqual(['guests,approvers']);
    expect(groupsOf('guests approvers', ' ')).toEqual(['guests', 'approvers']);
    expect(groupsOf('guests, approvers,', ',')).toEqual(['guests', 'approvers']);
    expect(groupsOf(['release approvers', 7], ' ')).toEqual(['release approvers']);
    expect(groupsOf('')).toEqual([]);
  });
});
