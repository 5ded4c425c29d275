import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { RetryingCaller } from '../../src/scenario/caller.service';
import { sendOnce } from '../../src/scenario/http.node';
import type { ApiAnswer } from '../../src/scenario/model';

/** An answer of the front door, whose own calls have bodies of many forms. */
export type Answer = ApiAnswer<any>;

/** A caller of the payments API through the front door. */
export class Client extends RetryingCaller<any> {
  /**
   * @param signal ends what is under way, and the waiting between tries
   * @param asksAgain statuses besides after which it asks again
   */
  constructor(
    private readonly url: string,
    token: string,
    private readonly signal?: AbortSignal,
    private readonly asksAgain?: readonly number[],
  ) {
    super(
      {
        send: (target, call, bearer) => {
          signal?.throwIfAborted();
          return sendOnce(target, call, bearer, signal);
        },
        token: async () => token,
        nowMs: Date.now,
        sleep: (ms) => sleep(ms, undefined, { signal }),
        chance: Math.random,
      },
      ({ region, path }) => `${url}${region ? `/_local/regions/${region}` : ''}${path}`,
      asksAgain,
    );
    // Each call under way listens to it: Node warns of more than ten as if they were a leak.
    if (signal) setMaxListeners(0, signal);
  }

  /** Another caller of the same API. */
  public as(token: string): Client {
    return new Client(this.url, token, this.signal, this.asksAgain);
  }
}
