import { ProberPorts } from './service';
import { causeOf } from '../../kernel/cause';
import { ClientTokens } from '../../runtime/client-tokens';
import { clock } from '../../runtime/clock';
import { freshCall } from '../../runtime/fresh-call';
import { NearAnswer, NearDns } from '../../runtime/near-dns';
import { RetryingCaller } from '../../scenario/caller.service';
import { ApiAnswer, ApiBody, ApiCall } from '../../scenario/model';

/** API Gateway waits 29 s for a function. */
const callMs = 35_000;

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
