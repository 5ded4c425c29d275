import { IndexEntry, Item, LedgerPorts, LedgerStore, WriteResult } from '../../../src/ledger/ports';
import { Answer, Request } from '../tables/table';

/** What a request came to: an answer of the table, or nothing that was heard of it. */
export type Heard = { readonly kind: 'answer'; readonly answer: Answer } | { readonly kind: 'fault' };

/** Where an actor stands: what it has sent and heard nothing of, or what it ended with. */
export interface Place {
  readonly heard: readonly (readonly [request: number, heard: Heard])[];
  readonly waiting: readonly { readonly request: number; readonly sent: Request }[];
  /** As JSON. */
  readonly ended?: string;
}

/** Makes the shipped code's fault: a class of the bundle that runs. */
export type FaultOf = () => Error;

const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * One call of the shipped service, taken as an automaton: with time and nonces fixed, what it sends next follows from what it has heard. A
 * place is reached anew by telling it the same again, so that any number of orders can be tried without copying a running call.
 */
export class Actor {
  public readonly places: Place[] = [];
  private readonly next = new Map<string, number>();
  private readonly endings = new Map<string, number>();

  constructor(
    public readonly name: string,
    private readonly nowMs: number,
    private readonly call: (ports: LedgerPorts) => Promise<unknown>,
    private readonly faultOf: FaultOf,
  ) {}

  /** The place from which it starts. */
  public async begin(): Promise<number> {
    return this.places.length > 0 ? 0 : this.add([]);
  }

  /** The place after it has heard something about a request. */
  public async hear(from: number, request: number, heard: Heard): Promise<number> {
    const key = `${from} ${request} ${JSON.stringify(heard)}`;
    const known = this.next.get(key) ?? (await this.add([...this.places[from].heard, [request, heard]]));
    this.next.set(key, known);
    return known;
  }

  private async add(heard: Place['heard']): Promise<number> {
    const place = await this.reach(heard);
    // Whoever has ended does nothing any more, by whichever way it came there.
    const known = place.ended === undefined ? undefined : this.endings.get(place.ended);
    if (known !== undefined) return known;
    this.places.push(place);
    if (place.ended !== undefined) this.endings.set(place.ended, this.places.length - 1);
    return this.places.length - 1;
  }

  private async reach(heard: Place['heard']): Promise<Place> {
    const sent: { readonly request: Request; readonly tell: (what: Heard) => void }[] = [];
    const send = <T extends Answer>(request: Request): Promise<T> =>
      new Promise((resolve, reject) => {
        const tell = (what: Heard): void => (what.kind === 'answer' ? resolve(what.answer as T) : reject(this.faultOf()));
        sent.push({ request, tell });
      });
    let nonces = 0;
    let ended: string | undefined;
    const ports: LedgerPorts = {
      store: storeOf(send),
      nowMs: () => this.nowMs,
      // So that no call looks after its account by itself.
      random: () => 0.5,
      nonce: () => `${this.name}${(nonces += 1)}`,
      sleep: () => Promise.resolve(),
    };
    this.call(ports).then(
      (outcome) => {
        ended = JSON.stringify(outcome ?? null);
      },
      (error: unknown) => {
        ended = JSON.stringify({ threw: String(error) });
      },
    );
    await flush();
    for (const [request, what] of heard) {
      sent[request].tell(what);
      await flush();
    }
    const told = new Set(heard.map(([request]) => request));
    const waiting = sent.map(({ request }, number) => ({ request: number, sent: request })).filter(({ request }) => !told.has(request));
    return { heard, waiting: ended === undefined ? waiting : [], ...(ended === undefined ? {} : { ended }) };
  }
}

function storeOf(send: <T extends Answer>(request: Request) => Promise<T>): LedgerStore {
  return {
    create: (item) => send<WriteResult>({ kind: 'create', item }),
    change: (change) => send<WriteResult>({ kind: 'change', change }),
    read: (pk, strong) => send<Item | undefined>({ kind: 'read', pk, strong }),
    readMany: (pks) => send<readonly Item[]>({ kind: 'readMany', pks }),
    list: (account, limit, from) => send<readonly IndexEntry[]>({ kind: 'list', account, limit, ...(from === undefined ? {} : { from }) }),
  };
}
