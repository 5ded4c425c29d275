import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { cemClaims, approve } from './page-claims';
import { baseUrl, cookiesOf, csrfOf, GateSite, issuer } from './site';
import { GateIdentity } from '../../src/approvals/contract';
import { pageStyle, pageStyleHash } from '../../src/approvals/page/page.domain';
import { html } from '../../src/kernel/markup';

describe('looking', () => {
  test('shows what is asked, what was checked, and who may decide, to whoever has the link; it decides nothing', async () => {
    const site = new GateSite();
    const id = await site.world.ask({ report: [{ check: 'replication lag', result: 'passed', value: '120 ms' }] });
    for (let times = 0; times < 10; times += 1) {
      const { statusCode, headers, body } = await site.get(id);
      expect(statusCode).toBe(200);
      expect(headers).toMatchObject({
        'Content-Type': 'text/html; charset=utf-8',
        'Cache-Control': 'no-store',
        'Referrer-Policy': 'no-referrer',
        'X-Content-Type-Options': 'nosniff',
      });
      for (const text of [
        'Move 25 %',
        'Send 25 % of the traffic to eu-central-1?',
        'replication lag',
        '120 ms',
        'members of approvers',
        'sam@example.com',
        'Sign in to decide',
      ]) {
        expect(body).toContain(text);
      }
    }
    expect(await site.world.gate.view(id)).toMatchObject({ status: 'OPEN', answers: [] });
    expect(site.world.tasks.sent).toEqual([]);
  });

  test('as JSON too, without the token', async () => {
    const site = new GateSite();
    const id = await site.world.ask();
    const { body, headers } = await site.get(id, { Accept: 'application/json' });
    expect(headers['Content-Type']).toBe('application/json');
    expect(JSON.parse(body)).toMatchObject({ approvalId: id, status: 'OPEN', subject: 'Move 25 %', required: 1 });
    expect(body + JSON.stringify(site.calls)).not.toContain('TOKEN');
  });

  test("nothing is loaded, and nothing runs: the policy allows this page's style alone", async () => {
    const site = new GateSite();
    const { headers, body } = await site.get(await site.world.ask());
    expect(headers['Content-Security-Policy']).toBe(
      `default-src 'none'; style-src '${pageStyleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    );
    expect(pageStyleHash).toBe(`sha256-${createHash('sha256').update(pageStyle).digest('base64')}`);
    expect(body).toContain(`<style>${pageStyle}</style>`);
    expect(body).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|style="|https?:\/\/(?!gate\.example\.com|login\.example\.com)/);
  });

  test('hostile text stays text', async () => {
    const hostile = [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "'; DROP TABLE --",
      '</style><script>',
      '{{7*7}}',
      '&lt;b&gt;',
      '\u202Eevil',
      'javascript:alert(1)',
    ];
    for (const text of hostile) {
      const site = new GateSite();
      const report = [{ [text]: text }, { nested: { [text]: [text] } }];
      const id = await site.world.ask({ subject: text, question: text, details: { [text]: text }, report, startedBy: text, state: text });
      const cookie = await site.signIn(id, { ...cemClaims, name: text });
      await site.world.gate.answer(id, { id: 'sub-ann', name: text, vouched: [], names: ['x'], aliases: [], groups: [] }, 'approve', text);
      const { body } = await site.get(id, { cookie });
      expect(body).toContain(html`${text}`.toString());
      expect(body).not.toMatch(/<script|<img|<\/style>[\s\S]*<\/style>/);
    }
  });

  test("whatever text: no tag but the page's own", async () => {
    const tags = (page: string): string[] => (page.match(/<\/?[a-z]+/g) ?? []).sort();
    const site = new GateSite();
    const plain = tags((await site.get(await site.world.ask({ question: 'x', report: { a: 'x' } }))).body);
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text.trim() !== '' && text.length < 99),
        async (text) => {
          const { body } = await site.get(
            await site.world.ask({ subject: text, question: text, details: { phase: text }, report: { a: text } }),
          );
          expect(tags(body)).toEqual(plain);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('an ID that nobody was given is 404', async () => {
    expect((await new GateSite().get('AAAAAAAAAAAAAAAAAAAAAA')).statusCode).toBe(404);
  });
});

describe('deciding in a browser', () => {
  test('sign in, see the form, decide, and be shown what became of it', async () => {
    const site = new GateSite();
    const id = await site.world.ask();
    const cookie = await site.signIn(id, cemClaims);
    const page = await site.get(id, { cookie });
    expect(page.body).toContain('You are signed in as Cem.');
    const decided = await site.form(id, { csrf: csrfOf(page), decision: 'approve', comment: 'Grün & gut' }, cookie);
    expect(decided).toMatchObject({ statusCode: 303, headers: { Location: id } });
    const after = await site.get(id, { cookie });
    expect(after.body).toContain('Approved');
    expect(after.body).toContain('Grün &#38; gut');
    expect(after.body).not.toContain('<form');
    expect(site.world.tasks.taken.get('TOKEN-secret-0')).toMatchObject({ decision: 'APPROVED', by: ['sub-cem'] });
    // A double click: the second form arrives too.
    const again = await site.form(id, { csrf: csrfOf(page), decision: 'approve' }, cookie);
    expect(again.statusCode).toBe(409);
    expect(again.body).toContain('Your answer changes nothing: the decision was made already.');
  });

  test('a browser is sent to the provider with state, nonce and PKCE, and its cookies are for this site alone', async () => {
    const site = new GateSite();
    const id = await site.world.ask();
    const { statusCode, headers, multiValueHeaders } = await site.handler({
      resource: '/approvals/{id}/sign-in',
      httpMethod: 'GET',
      pathParameters: { id },
    });
    expect(statusCode).toBe(302);
    const url = new URL(headers.Location);
    expect(url.origin + url.pathname).toBe(`${issuer}/authorize`);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'gate',
      redirect_uri: `${baseUrl}/sign-in/callback`,
      scope: 'openid email',
      code_challenge_method: 'S256',
    });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(url.searchParams.get(name)).toMatch(/^[\w-]{43}$/);
    expect(multiValueHeaders!['Set-Cookie'][0]).toMatch(
      /^__Host-approval-sign-in=[\w.-]+; Path=\/; Max-Age=600; HttpOnly; Secure; SameSite=Lax$/,
    );
    const started = cookiesOf({ statusCode, headers, multiValueHeaders, body: '' });
    // Nobody without the cookie, with another state, after ten minutes, or with another's code.
    const query = site.issuer.authorize(headers.Location, cemClaims);
    const callback = async (parameters: Record<string, string>, cookie: string): Promise<number> =>
      (await site.handler({ resource: '/sign-in/callback', httpMethod: 'GET', queryStringParameters: parameters, headers: { cookie } }))
        .statusCode;
    expect(await callback(query, '')).toBe(400);
    expect(await callback({ ...query, state: 'x' }, started)).toBe(400);
    expect(await callback({ state: query.state, error: 'access_denied' }, started)).toBe(400);
    expect(await callback({ ...query, code: 'y' }, started)).toBe(400);
    expect(await callback(query, started.replace(/=\w/, '=A'))).toBe(400);
    site.world.advance(601);
    expect(await callback(query, started)).toBe(400);
    site.world.advance(-601);
    expect(await callback(query, started)).toBe(302);
    expect(await callback(query, started)).toBe(400);
  });

  test('an ID token with another nonce is not for this sign-in', async () => {
    const site = new GateSite();
    expect(await site.signIn(await site.world.ask(), { ...cemClaims, nonce: 'another' })).toBe('');
  });

  test('the form of another approval, of another session, or of another site changes nothing', async () => {
    const site = new GateSite();
    const id = await site.world.ask();
    const other = await site.world.ask({ token: 'TOKEN-secret-1' });
    const [mine, theirs] = [await site.signIn(id, cemClaims), await site.signIn(id, { ...cemClaims, sub: 'sub-ann' })];
    for (const csrf of [
      csrfOf(await site.get(other, { cookie: mine })),
      csrfOf(await site.get(id, { cookie: theirs })),
      '',
      'x.y',
      mine.split('=')[1],
    ]) {
      expect((await site.form(id, { csrf, decision: 'approve' }, mine)).statusCode).toBe(403);
    }
    expect((await site.post(id, approve, { cookie: mine })).statusCode).toBe(403);
    expect(site.world.tasks.sent).toEqual([]);
  });

  test('a session ends after half an hour, and cannot be made or changed', async () => {
    const site = new GateSite();
    const id = await site.world.ask();
    const cookie = await site.signIn(id, cemClaims);
    const [name, value] = cookie.split('=');
    const [payload, mac] = value.split('.');
    const changed = Buffer.from(Buffer.from(payload, 'base64url').toString().replace('sub-cem', 'sub-ann')).toString('base64url');
    for (const forged of [`${name}=${changed}.${mac}`, `${name}=${payload}.`, `${name}=${payload}`, `${name}=`]) {
      expect((await site.get(id, { cookie: forged })).body).toContain('Sign in to decide');
    }
    expect((await site.get(id, { cookie })).body).toContain('<form');
    site.world.advance(1801);
    expect((await site.get(id, { cookie })).body).toContain('Sign in to decide');
  });

  test('the starter and a stranger see that they cannot decide', async () => {
    for (const [claims, text] of [
      [{ sub: 'sub-eve' }, 'You are not one of its approvers.'],
      [{ sub: 'x', email: 'SAM@example.com', groups: ['approvers'] }, 'You started this execution'],
    ] as const) {
      const site = new GateSite();
      const id = await site.world.ask();
      const page = await site.get(id, { cookie: await site.signIn(id, claims) });
      expect(page.body).toContain(text);
      expect(page.body).not.toContain('<form');
    }
  });
});

describe('deciding with AWS credentials', () => {
  const iam = (trustSessionNames: boolean): GateIdentity => ({ kind: 'iam', region: 'eu-central-1', trustSessionNames });
  const role = 'arn:aws:iam::111122223333:role/Approvers';
  const session = (name: string, of = 'Approvers'): string => `arn:aws:sts::111122223333:assumed-role/${of}/${name}`;
  const post = (site: GateSite, id: string, arn: string): Promise<number> => site.signed(arn, id).then(({ statusCode }) => statusCode);

  test('a role decides; the page shows the command, and offers no sign-in', async () => {
    const site = new GateSite({ people: [role], groups: [] }, iam(false));
    const id = await site.world.ask({ startedBy: 'arn:aws:iam::111122223333:user/sam' });
    const { body } = await site.get(id);
    expect(body).toContain(`npx cdk-multi-region-payments approve ${baseUrl}/approvals/${id} \\\n  --region eu-central-1`);
    expect(body).not.toContain('sign-in');
    expect(await post(site, id, session('ann', 'Developers'))).toBe(403);
    expect(await post(site, id, session('ann'))).toBe(200);
  });

  test('two sessions of one role are one person, unless their names are trusted', async () => {
    for (const [trusted, second] of [
      [false, 409],
      [true, 200],
    ] as const) {
      const site = new GateSite({ people: [role], groups: [], required: 2 }, iam(trusted));
      const id = await site.world.ask({ startedBy: 'somebody' });
      expect(await post(site, id, session('ann'))).toBe(200);
      expect(await post(site, id, session('ben'))).toBe(second);
    }
  });

  test('whoever started it by the same role, or the same session, does not decide', async () => {
    for (const [trusted, startedBy, status] of [
      [false, session('sam'), 403],
      [false, 'arn:aws:iam::111122223333:role/teams/Approvers', 403],
      [true, session('ann'), 403],
      [true, session('sam'), 200],
    ] as const) {
      const site = new GateSite({ people: [role], groups: [] }, iam(trusted));
      expect(await post(site, await site.world.ask({ startedBy }), session('ann'))).toBe(status);
    }
  });
});
