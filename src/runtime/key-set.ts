import { createHash } from 'node:crypto';
import { JwtWithoutValidKidError, KidNotFoundInJwksError } from 'aws-jwt-verify/error';
import { assertIsJwks, findJwkInJwks } from 'aws-jwt-verify/jwk';
import type { Jwks, JwksCache, JwkWithKid } from 'aws-jwt-verify/jwk';

/** How long an issuer's keys are used, and how often they are asked for, in milliseconds. */
export const keySetTimes = {
  /** Older keys are fetched again: one that the issuer has withdrawn ends with this. */
  freshMs: 600_000,
  /**
   * While the issuer does not answer, keys are used for so long; then no token can be judged. An issuer's outage of a night stops nobody's
   * payments.
   */
  usableMs: 43_200_000,
  /** Time between two requests to the issuer, whatever tokens come: whoever makes up key IDs must not turn us against the issuer. */
  betweenFetchesMs: 5_000,
  /** The same after a request that failed. */
  afterFailureMs: 1_000,
} as const;

/** Whether a token's key exists cannot be said: the issuer may have made it since it was last asked. The token may be good. */
export class KeyNotKnownError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'KeyNotKnownError';
  }
}

export interface KeySetPorts {
  /** Fetches the key set; throws when it is not to be had. */
  readonly fetch: (uri: string) => Promise<Jwks>;
  readonly nowMs: () => number;
}

interface Held {
  readonly jwks: Jwks;
  readonly askedMs: number;
}

/**
 * The keys of one issuer. A token of a key that they lack is nobody's only when the issuer was asked after the token came; else it is not
 * known, and whoever has a key that was just made comes back a few seconds later.
 */
export class AgingKeySet implements JwksCache {
  private held?: Held;
  private notBeforeMs = Number.NEGATIVE_INFINITY;
  private asking?: Promise<Held>;

  constructor(private readonly ports: KeySetPorts) {}

  public async getJwk(uri: string, { header: { kid } }: { readonly header: { readonly kid?: unknown } }): Promise<JwkWithKid> {
    if (typeof kid !== 'string') throw new JwtWithoutValidKidError('JWT header does not have valid kid claim');
    const cameMs = this.ports.nowMs();
    const known = await this.usable(uri, cameMs);
    const knownKey = known && findJwkInJwks(known.jwks, kid);
    if (knownKey) return distinct(knownKey);
    if (known && known.askedMs >= cameMs) throw new KidNotFoundInJwksError('the issuer has no key of this ID');
    if (cameMs < this.notBeforeMs && !this.asking) {
      throw new KeyNotKnownError('the issuer was asked for its keys just now, and is not asked again yet');
    }
    const asked = await this.ask(uri);
    const newKey = findJwkInJwks(asked.jwks, kid);
    if (newKey) return distinct(newKey);
    // Who joined a request that was on its way does not know what the issuer had when the token came.
    if (asked.askedMs < cameMs) throw new KeyNotKnownError('the issuer was being asked for its keys when the token came');
    throw new KidNotFoundInJwksError('the issuer has no key of this ID');
  }

  public getCachedJwk(_uri: string, { header: { kid } }: { readonly header: { readonly kid?: unknown } }): JwkWithKid {
    const heldKey = typeof kid === 'string' && this.held ? findJwkInJwks(this.held.jwks, kid) : undefined;
    if (!heldKey) throw new KidNotFoundInJwksError('no key of this ID is held');
    return distinct(heldKey);
  }

  public addJwks(_uri: string, jwks: Jwks): void {
    this.held = { jwks, askedMs: this.ports.nowMs() };
  }

  public async getJwks(uri: string): Promise<Jwks> {
    return (await this.ask(uri)).jwks;
  }

  /** The keys that may be used now, asked for again when they are old; undefined when there are none. */
  private async usable(uri: string, nowMs: number): Promise<Held | undefined> {
    const { held } = this;
    if (held && nowMs - held.askedMs < keySetTimes.freshMs) return held;
    const stillUsable = held && nowMs - held.askedMs < keySetTimes.usableMs ? held : undefined;
    if (nowMs < this.notBeforeMs && !this.asking) return stillUsable;
    return this.ask(uri).catch((thrown: unknown) => {
      if (stillUsable) return stillUsable;
      throw thrown;
    });
  }

  /** One request at a time, which all wait for. */
  private ask(uri: string): Promise<Held> {
    if (this.asking) return this.asking;
    const askedMs = this.ports.nowMs();
    this.notBeforeMs = askedMs + keySetTimes.betweenFetchesMs;
    this.asking = this.ports
      .fetch(uri)
      .then((jwks) => {
        assertIsJwks(jwks);
        this.held = { jwks, askedMs };
        return this.held;
      })
      .catch((thrown: unknown) => {
        this.notBeforeMs = this.ports.nowMs() + keySetTimes.afterFailureMs;
        throw thrown;
      })
      .finally(() => {
        this.asking = undefined;
      });
    return this.asking;
  }
}

/** With an ID that follows from the key: the verifier remembers what it has made of a key by its ID, and an issuer may use one twice. */
function distinct(jwk: JwkWithKid): JwkWithKid {
  const thumbprint = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
  return { ...jwk, kid: `${jwk.kid}#${thumbprint}` };
}
