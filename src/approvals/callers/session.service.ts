import { TokenVerification } from '../../kernel/jwt';
import { GateIdentity, gateLimits } from '../contract';
import { Person } from '../model';
import { hasGroup, roleOf, sessionName } from '../person.domain';

/** Keeps texts from being changed by whoever carries them. What was sealed for one purpose opens for no other. */
export interface Sealer {
  seal(purpose: Purpose, payload: string): Promise<string>;
  open(purpose: Purpose, sealed: string): Promise<string | undefined>;
}

export type Purpose = 'sign-in' | 'session' | 'csrf';

/** The provider where people sign in. */
export interface OidcProvider {
  /** Where to send a person. */
  authorizationUrl(parameters: Readonly<Record<string, string>>): Promise<string>;
  /** Changes a code for an ID token; undefined: the provider refuses it. Throws when it cannot be reached. */
  exchange(code: string, verifier: string, redirectUri: string): Promise<string | undefined>;
  /** Whether it says in its answers whose they are (`iss`, RFC 9207). */
  namesItself(): Promise<boolean>;
  /** Checks signature, issuer, audience and time. */
  verify(token: string): Promise<TokenVerification>;
  /** SHA-256, base64url. */
  challenge(verifier: string): string;
}

export interface SessionPorts {
  readonly sealer: Sealer;
  readonly provider: OidcProvider;
  readonly nowMs: () => number;
  /** 256 bits of chance, base64url. */
  readonly random: () => string;
}

export type OidcIdentity = Extract<GateIdentity, { kind: 'oidc' }>;
export type IamIdentity = Extract<GateIdentity, { kind: 'iam' }>;

/** Someone who is signed in. */
export interface Session {
  readonly sid: string;
  readonly person: Person;
  readonly untilMs: number;
}

/** How a return from the provider ended. */
export type SignIn =
  | { readonly kind: 'signedIn'; readonly approvalId: string; readonly cookie: string; readonly seconds: number }
  | { readonly kind: 'failed'; readonly detail: string };

interface Flow {
  readonly id: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly untilMs: number;
}

/**
 * Signs people in with the authorization code flow and PKCE (RFC 7636). Nothing is stored: what must be remembered while they are at the
 * provider, and who they are afterwards, is in cookies that only this gate can make.
 */
export class GateSessions {
  constructor(
    private readonly ports: SessionPorts,
    private readonly identity: OidcIdentity,
    private readonly redirectUri: string,
    private readonly groups: readonly string[],
  ) {}

  /** Begins: where to send the person, and the cookie that makes their return theirs. */
  public async begin(id: string): Promise<{ readonly location: string; readonly cookie: string }> {
    const { random, nowMs, provider, sealer } = this.ports;
    const flow: Flow = { id, state: random(), nonce: random(), verifier: random(), untilMs: nowMs() + gateLimits.signInSeconds * 1000 };
    const location = await provider.authorizationUrl({
      response_type: 'code',
      client_id: this.identity.clientId,
      redirect_uri: this.redirectUri,
      scope: this.identity.scopes.join(' '),
      state: flow.state,
      nonce: flow.nonce,
      code_challenge: provider.challenge(flow.verifier),
      code_challenge_method: 'S256',
    });
    return { location, cookie: await sealer.seal('sign-in', JSON.stringify(flow)) };
  }

  /** Ends: checks that this return belongs to that cookie, and the token to both. */
  public async finish(query: Readonly<Record<string, string | undefined>>, cookie: string | undefined): Promise<SignIn> {
    const { provider, sealer, random, nowMs } = this.ports;
    const failed = (detail: string): SignIn => ({ kind: 'failed', detail });
    const flow = await this.opened<Flow>('sign-in', cookie);
    if (!flow) return failed('This sign-in was not begun in this browser, or too long ago. Open the link of the message again.');
    if (!query.state || query.state !== flow.state) {
      return failed('This answer belongs to another sign-in. Open the link of the message again.');
    }
    // RFC 9207, section 2.4: the code of another issuer must not reach this one's token endpoint.
    if (query.iss === undefined ? await provider.namesItself() : query.iss !== this.identity.issuer) {
      return failed('This answer does not come from the identity provider of this page. Open the link of the message again.');
    }
    if (!query.code) return failed('The identity provider did not let you in.');
    const token = await provider.exchange(query.code, flow.verifier, this.redirectUri);
    if (token === undefined) return failed('The identity provider refused to say who you are. Open the link of the message again.');
    const verification = await provider.verify(token);
    if (verification.kind !== 'valid') return failed("The identity provider's answer cannot be trusted.");
    const { claims } = verification;
    if (claims.nonce !== flow.nonce) return failed("The identity provider's answer belongs to another sign-in.");
    const person = personOfClaims(claims, this.identity);
    if (!person) return failed('The identity provider did not say who you are.');
    const untilMs = Math.min(nowMs() + gateLimits.sessionSeconds * 1000, typeof claims.exp === 'number' ? claims.exp * 1000 : 0);
    // Only the groups that matter here: a cookie is small.
    const session: Session = {
      sid: random(),
      person: { ...person, groups: person.groups.filter((group) => hasGroup(this.groups, group)) },
      untilMs,
    };
    const sealed = await sealer.seal('session', JSON.stringify(session));
    return { kind: 'signedIn', approvalId: flow.id, cookie: sealed, seconds: Math.max(0, Math.floor((untilMs - nowMs()) / 1000)) };
  }

  /** Who is signed in, by their cookie. */
  public session(cookie: string | undefined): Promise<Session | undefined> {
    return this.opened<Session>('session', cookie);
  }

  /** A value that only a page for this session and this approval holds. */
  public csrf(session: Session, id: string): Promise<string> {
    return this.ports.sealer.seal('csrf', `${session.sid} ${id}`);
  }

  public async csrfHolds(session: Session, id: string, given: string | undefined): Promise<boolean> {
    return given !== undefined && (await this.ports.sealer.open('csrf', given)) === `${session.sid} ${id}`;
  }

  /** Who sends a bearer token; undefined: nobody that this gate knows. */
  public async bearer(token: string): Promise<Person | undefined> {
    return bearerPerson(this.ports.provider, this.identity, token);
  }

  private async opened<T extends { readonly untilMs: number }>(purpose: Purpose, cookie: string | undefined): Promise<T | undefined> {
    const payload = cookie === undefined ? undefined : await this.ports.sealer.open(purpose, cookie);
    if (payload === undefined) return undefined;
    const content = JSON.parse(payload) as T;
    return this.ports.nowMs() < content.untilMs ? content : undefined;
  }
}

/** Who a bearer token speaks of, if the provider issued it; undefined: nobody that is known here. */
export async function bearerPerson(
  provider: Pick<OidcProvider, 'verify'>,
  identity: OidcIdentity,
  token: string,
): Promise<Person | undefined> {
  const verification = await provider.verify(token);
  return verification.kind === 'valid' ? personOfClaims(verification.claims, identity) : undefined;
}

/** Who a token speaks of; undefined: it names nobody. */
export function personOfClaims(claims: Readonly<Record<string, unknown>>, identity: OidcIdentity): Person | undefined {
  const text = (name: string): string | undefined => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const id = text(identity.identityClaim);
  if (id === undefined) return undefined;
  // Some providers send it as a text.
  const verified = claims.email_verified === true || claims.email_verified === 'true' ? text('email') : undefined;
  // An address that its owner has not shown to be theirs may be anybody's.
  if (identity.identityClaim === 'email' && verified === undefined) return undefined;
  const aliases = ['sub', 'email', 'preferred_username', 'username', 'cognito:username', 'upn', identity.nameClaim].map(text);
  const namesGiven = (names: readonly (string | undefined)[]): string[] => [...new Set(names.filter((name) => name !== undefined))];
  return {
    id,
    name: text(identity.nameClaim) ?? text('email') ?? id,
    vouched: namesGiven([verified]),
    // The subject too: whoever changes their address is who they were.
    names: namesGiven([id, verified, text('sub')]),
    aliases: namesGiven(aliases),
    groups: groupsOf(Object.hasOwn(claims, identity.groupsClaim) ? claims[identity.groupsClaim] : undefined, identity.groupsSeparator),
  };
}

/** A text is one group, whatever is in its name, unless the team has said that it is a list. */
function groupsOf(claim: unknown, separator: string | undefined): string[] {
  if (Array.isArray(claim)) return claim.filter((group) => typeof group === 'string');
  if (typeof claim !== 'string') return [];
  return (separator === undefined ? [claim] : claim.split(separator).map((group) => group.trim())).filter((group) => group !== '');
}

/**
 * Who signed a request, from the ARN that API Gateway passes on. Sessions of one role are one person unless their names are trusted:
 * whoever may assume a role may as a rule choose the session's name.
 */
export function personOfArn(arn: string | undefined, identity: IamIdentity): Person | undefined {
  if (arn === undefined || !/^arn:[^:]+:(iam|sts)::\d{12}:/.test(arn)) return undefined;
  const role = roleOf(arn);
  const name = arn.slice(arn.lastIndexOf(':') + 1).replace(/^(user|assumed-role)\//, '');
  if (!identity.trustSessionNames) return { id: role, name, vouched: [], names: [role], aliases: [arn], groups: [] };
  // Where sessions are called after people, one who may assume two roles is one person.
  const session = sessionName(arn);
  return { id: arn, name, vouched: [], names: session === undefined ? [arn] : [arn, session], role, aliases: [], groups: [] };
}
