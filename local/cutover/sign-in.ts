import { createHash, randomBytes } from 'node:crypto';
import type { CutoverFabric } from '../ground/model';
import { send, sendJson, sendProblem, type Exchange } from '../http/answers';
import { parsedBody } from '../http/form';
import { html, type Html } from '../http/html';
import type { Route } from '../http/routes';

interface Flow {
  readonly redirectUri: string;
  readonly challenge: string;
  readonly nonce?: string;
  readonly name: string;
  readonly until: number;
}

const flowMs = 60_000;
const mostFlows = 200;
const policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The people to choose from. */
function page(links: readonly Html[]): Html {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Sign in</title>
<link rel="stylesheet" href="/_local/page/assets/page.css"></head>
<body><main id="main"><h1>Who are you?</h1>
<p class="aside">In place of your identity provider, which the local run does not have.</p>
<ul>${links}</ul></main></body></html>`;
}

/**
 * In place of the approvers' identity provider: whoever sits before the browser says who they are, and gets a code for it (RFC 6749, RFC
 * 7636).
 */
export class SignIn {
  private readonly flows = new Map<string, Flow>();

  /** @param url address of the front door, beyond which no code is sent */
  constructor(
    private readonly fabric: Pick<CutoverFabric, 'gates' | 'approverToken'>,
    private readonly url: string,
  ) {}

  public routes(): readonly Route[] {
    return [
      { method: 'GET', path: '/_local/sign-in/authorize', answer: (exchange) => this.choose(exchange) },
      { method: 'POST', path: '/_local/sign-in/token', answer: (exchange) => this.exchange(exchange) },
    ];
  }

  /** Without a name the people to choose from, as links; with one, back to the gate with a code. */
  private choose(exchange: Exchange): void {
    const { query } = exchange;
    const [redirectUri, challenge, state, name] = ['redirect_uri', 'code_challenge', 'state', 'as'].map((key) => query.get(key) ?? '');
    if (
      !this.isOwn(redirectUri) ||
      challenge === '' ||
      state === '' ||
      query.get('response_type') !== 'code' ||
      query.get('code_challenge_method') !== 'S256'
    ) {
      return sendProblem(
        exchange,
        'invalid_request',
        'An authorization request has response_type=code, a redirect_uri of this front door, state, and code_challenge by S256.',
      );
    }
    const people = [...new Set(this.fabric.gates.flatMap(({ approvers }) => approvers)), 'mallory@example.com'];
    if (name === '') {
      const link = (person: string): string => `?${new URLSearchParams([...query, ['as', person]])}`;
      const links = people.map((person) => html`<li><a href="${link(person)}">${person}</a></li>`);
      return send(exchange, 200, 'text/html; charset=utf-8', page(links).toString(), {
        headers: { 'Content-Security-Policy': policy, 'Referrer-Policy': 'no-referrer' },
      });
    }
    const code = randomBytes(24).toString('base64url');
    for (const [old, { until }] of this.flows) if (until < Date.now() || this.flows.size >= mostFlows) this.flows.delete(old);
    this.flows.set(code, { redirectUri, challenge, nonce: query.get('nonce') ?? undefined, name, until: Date.now() + flowMs });
    const back = new URL(redirectUri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', state);
    send(exchange, 302, 'text/plain; charset=utf-8', 'signed in', { headers: { Location: back.toString() } });
  }

  /** A code serves once. */
  private async exchange(exchange: Exchange): Promise<void> {
    const parsed = await parsedBody(exchange);
    if (!parsed) return;
    const { code, code_verifier: verifier, redirect_uri: redirectUri } = parsed.fields;
    const flow = typeof code === 'string' ? this.flows.get(code) : undefined;
    if (typeof code === 'string') this.flows.delete(code);
    const challenge = typeof verifier === 'string' ? createHash('sha256').update(verifier).digest('base64url') : undefined;
    if (!flow || flow.until < Date.now() || flow.challenge !== challenge || flow.redirectUri !== redirectUri) {
      return sendJson(exchange, 400, { error: 'invalid_grant' });
    }
    const token = this.fabric.approverToken(flow.name, flow.nonce === undefined ? {} : { nonce: flow.nonce });
    sendJson(exchange, 200, { id_token: token, token_type: 'Bearer', access_token: 'none', expires_in: 3600 });
  }

  private isOwn(address: string): boolean {
    try {
      return new URL(address).origin === new URL(this.url).origin;
    } catch {
      return false;
    }
  }
}
