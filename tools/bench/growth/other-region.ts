/** What a home asks its other region, in virtual time. */
import { MeteredStore } from './metered-store';
import { arrivedHere, Arrivals } from '../../../src/ledger/homes/arrivals.service';
import { ForwardedCall, HomeUnreachable } from '../../../src/ledger/homes/home.service';
import type { Item, LedgerPorts } from '../../../src/ledger/ports';
import type { Usage } from '../subjects/counting';

/** AWS says that a write is usually in the other region within a second. */
export const replicationMs = 1_000;
const name = 'us-west-2';

/** What the other region is like: it answers from its copy, or not at all. */
export type OtherRegionState = 'answers' | 'silent';

interface Time {
  readonly nowMs: number;
  readonly goTo: (ms: number) => void;
}

/**
 * The other region of a home. Its copy has every write a second after it was made, all in the order in which they were made: on AWS lags
 * differ from item to item, and an answer takes the way there and back, which is no part of what is counted here. The questions and the
 * answers are those of the shipped code.
 */
export class OtherRegion {
  /** Questions that were asked: each is an invocation of a function in the other region. */
  public questions = 0;
  private readonly copy = new MeteredStore();
  private readonly underWay: { readonly arrivesMs: number; readonly item: Item }[] = [];

  constructor(
    private readonly time: Time,
    private readonly state: OtherRegionState,
  ) {}

  /** What the answers have read. */
  public get usage(): Readonly<Usage> {
    return this.copy.usage;
  }

  /** Called with each item that the home writes. */
  public replicate(item: Item): void {
    if (this.state === 'answers') this.underWay.push({ arrivesMs: this.time.nowMs + replicationMs, item });
  }

  /** The port of a home's ledger that works in this epoch. */
  public arrived(epoch: number): NonNullable<LedgerPorts['arrived']> {
    const arrivals = new Arrivals({ nowMs: () => this.time.nowMs, forward: (_, call) => this.answer(call) }, [name]);
    return (context, accountId, entries) => arrivals.arrived(context, { accountId, epoch, entries });
  }

  private async answer({ tenant, remainingMs, call }: ForwardedCall): ReturnType<ConstructorParameters<typeof Arrivals>[0]['forward']> {
    if (call.name !== 'arrivals') throw new Error(`expected a question about arrivals, got ${call.name}`);
    this.questions += 1;
    if (this.state === 'silent') {
      this.time.goTo(this.time.nowMs + remainingMs);
      throw new HomeUnreachable(name);
    }
    this.catchUp();
    return { kind: 'arrived', ids: await arrivedHere(this.copy, tenant, call.command) };
  }

  private catchUp(): void {
    const { nowMs } = this.time;
    const firstLeft = this.underWay.findIndex(({ arrivesMs }) => arrivesMs > nowMs);
    const here = this.underWay.splice(0, firstLeft < 0 ? this.underWay.length : firstLeft);
    for (const { item } of here) this.copy.arrive(item);
  }
}
