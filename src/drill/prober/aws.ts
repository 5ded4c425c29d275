import { ProberPorts } from './service';
import { causeOf } from '../../kernel/cause';
import { clock } from '../../runtime/clock';
import { freshCall } from '../../runtime/fresh-call';
import { NearAnswer, NearDns } from '../../runtime/near-dns';
import { jsonCall } from '../../runtime/signed-call';
import { RetryingCaller } from '../../scenario/caller.service';
import { ApiAnswer, ApiBody, ApiCall } from '../../scenario/model';
import { DrillIdentity } from '../contract';

/** API Gateway waits 29 s for a function. */
const callMs = 35_000;
const tokenMs = 5_000;
/** A token is used for so long before its end. */
const tokenMarginMs = 60_000;

interface ClientCredentials {
  readonly client_id: string;
  readonly client_secret: string;
}

interface TokenAnswer {
  readonly access_token?: string;
  readonly expires_in?: number;
}

/** Tokens of an OAuth client (RFC 6749, section 4.4), each for as long as it lasts. */
export class ClientTokens {
  private held?: { readonly token: string; readonly untilMs: number };
  private asking?: Promise<string>;

  constructor(
    private readonly region: string,
    private readonly identity: DrillIdentity,
  ) {}

  public async token(): Promise<string> {
    if (this.held && Date.now() < this.held.untilMs) return this.held.token;
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  public forget(): void {
    this.held = undefined;
  }

  private async ask(): Promise<string> {
    const { tokenUrl, secretArn, scope, audience } = this.identity;
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope ? { scope } : {}), ...(audience ? { audience } : {}) });
    const answer = await freshCall({
      url: tokenUrl,
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        ...(secretArn === undefined ? {} : { Authorization: await this.basic(secretArn) }),
      },
      body: form.toString(),
      timeoutMs: tokenMs,
    });
    // The body may hold what was sent: it is not told.
    if (answer.status !== 200) throw new Error(`the token endpoint answered ${answer.status}`);
    const { access_token: token, expires_in: seconds = 300 } = fieldsIn(answer.text) as TokenAnswer;
    if (!token) throw new Error('the token endpoint answered 200 without a JSON object that has an access_token');
    this.held = { token, untilMs: Date.now() + Math.max(0, seconds * 1000 - tokenMarginMs) };
    return token;
  }

  private async basic(secretArn: string): Promise<string> {
    const request = { SecretId: secretArn };
    const { SecretString: text = '' } = await jsonCall<{ SecretString?: string }>(
      'secretsmanager',
      this.region,
      'secretsmanager.GetSecretValue',
      request,
      '1.1',
    );
    const { client_id: id, client_secret: secret } = fieldsIn(text) as Partial<ClientCredentials>;
    if (!id || !secret) throw new Error(`the secret ${secretArn} must hold {"client_id": ..., "client_secret": ...} as JSON`);
    return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
  }
}

/** Fields of a JSON object; none where the text is none. What JSON's own error says begins with the text, which is a secret here. */
function fieldsIn(text: string): object {
  try {
    return Object(JSON.parse(text)) as object;
  } catch {
    return {};
  }
}

/** Where callers find the API. */
export interface ProbePlace {
  readonly publicName: string;
  readonly zoneName?: string;
  /** Address that stands for name and resolvers, and is told who asks. */
  readonly door?: string;
}

/** Callers who stand in regions: each asks the name servers as from there, and keeps the answer for its TTL. */
export class ProbeCallers {
  private ttl?: number;
  private readonly dns?: NearDns;

  constructor(
    private readonly place: ProbePlace,
    private readonly tokens: Pick<ClientTokens, 'token' | 'forget'>,
    dns?: NearDns,
  ) {
    this.dns = dns ?? (place.door === undefined && place.zoneName !== undefined ? NearDns.ofZone(place.zoneName) : undefined);
  }

  public ttlSeconds(): number | undefined {
    return this.ttl;
  }

  public callerIn: ProberPorts['callerIn'] = (region, name) => {
    const { door, publicName } = this.place;
    let kept: (NearAnswer & { readonly untilMs: number }) | undefined;
    const resolved = async (): Promise<string | undefined> => {
      if (!this.dns) return undefined;
      if (kept && Date.now() < kept.untilMs) return kept.target;
      const answer = await this.dns.resolve(publicName, region);
      kept = { ...answer, untilMs: Date.now() + answer.ttlSeconds * 1000 };
      this.ttl = answer.ttlSeconds;
      return answer.target;
    };
    return new RetryingCaller<ApiBody>(
      {
        send: async (url, call, token) => {
          const headers: Record<string, string> = door === undefined ? {} : { 'X-Client-Location': region, 'X-Client-Resolver': name };
          const answer = await sent(url, call, token, headers, await resolved());
          const ttl = answer.headers['x-resolver-ttl'];
          if (door !== undefined && typeof ttl === 'string') this.ttl = Number(ttl);
          return answer;
        },
        token: () => this.tokens.token(),
        renew: () => this.tokens.forget(),
        nowMs: clock.nowMs,
        sleep: clock.sleep,
        chance: Math.random,
      },
      ({ path }) => `${door ?? `https://${publicName}`}${path}`,
    );
  };
}

async function sent(
  url: string,
  { method, body, key }: ApiCall,
  token: string,
  more: Readonly<Record<string, string>>,
  connectTo: string | undefined,
): Promise<ApiAnswer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const began = performance.now();
  const answer = await freshCall({
    url,
    method: method ?? (text === undefined ? 'GET' : 'POST'),
    headers: {
      Authorization: `Bearer ${token}`,
      ...(text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) }),
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      ...more,
    },
    body: text,
    connectTo,
    timeoutMs: callMs,
  });
  return { ...answer, body: objectIn(answer.text), ms: performance.now() - began };
}

function objectIn(text: string): ApiBody {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    // An answer that is no JSON has no fields: its status says enough.
    return { code: causeOf(error) };
  }
}
