import { ProberPorts } from './service';
import { ClientTokens } from '../../runtime/client-tokens';
import { clock } from '../../runtime/clock';
import { NearAnswer, NearDns } from '../../runtime/near-dns';
import { byToken, sendFresh } from '../../scenario/api-call.aws';
import { faultStatuses, RetryingCaller } from '../../scenario/caller.service';
import { ApiBody } from '../../scenario/model';

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
          const connectTo = await resolved();
          const answer = await sendFresh(url, call, { headers, connectTo, timeoutMs: callMs, proven: byToken(token) });
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
      // A region whose functions fail answers so until its health check leads callers elsewhere.
      faultStatuses,
    );
  };
}
