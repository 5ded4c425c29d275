import { inEpoch } from './carry.domain';
import type { CallOutcome, ForwardedCall } from './home.service';
import { CallContext } from '../model';
import { EntryToLeave, LedgerStore } from '../ports';
import { accountPk, keyItemPk } from '../protocol/domain';
import { entriesOf } from '../protocol/entries.domain';

/**
 * What other regions' copies have. An entry tells a next home what the items behind it came to, wherever they have not arrived: so it may
 * leave its account when all of them have, and when the account's own copy has shown it. Replication tells neither, so it is asked.
 */

/** One region's question to another one, about one account of its epoch. */
export interface ArrivalsCommand {
  readonly accountId: string;
  readonly epoch: number;
  readonly entries: readonly EntryToLeave[];
}

/** Identities of the entries that have arrived. */
export interface ArrivalsOutcome {
  readonly kind: 'arrived';
  readonly ids: readonly string[];
}

/** How long another region's answer is waited for: the answer of a call may wait for it. */
const answerMs = 1_000;
/** With less time left no region is asked. */
const leastMs = 500;
/** How long a region that did not answer is left alone: a lost one would keep each look for that long. */
const leftAloneMs = 10_000;
/** The same of one that does not know the question, as while two versions run side by side. */
const leftAloneAsOlderMs = 600_000;
/** Items of one read. */
const batch = 100;

/** What this region's own copies have of it. */
export async function arrivedHere(
  store: LedgerStore,
  tenant: string,
  { accountId, epoch, entries }: ArrivalsCommand,
): Promise<readonly string[]> {
  const pk = accountPk(tenant, accountId);
  const accounts = await store.readMany([inEpoch(pk, epoch), inEpoch(pk, epoch + 1)]);
  // Where the next epoch has begun, what arrives of this one counts no more.
  const isEnded = accounts.some((account) => account.pk === inEpoch(pk, epoch + 1));
  const codes = isEnded || accounts.length === 0 ? {} : entriesOf(accounts[0]);
  const standing = entries.filter(({ id, code }) => codes[id] === code);
  const keyOf = (id: string): string => inEpoch(keyItemPk(id), epoch);
  const keys = [...new Set(standing.flatMap(({ behind }) => behind.map(([id]) => keyOf(id))))];
  const pages = Array.from({ length: Math.ceil(keys.length / batch) }, (_, n) => keys.slice(n * batch, (n + 1) * batch));
  const items = (await Promise.all(pages.map((page) => store.readMany(page)))).flat();
  const versions = new Map(items.map((item) => [item.pk, item.version as number]));
  const isHere = ([id, version]: readonly [string, number]): boolean => (versions.get(keyOf(id)) ?? -1) >= version;
  return standing.filter(({ behind }) => behind.every(isHere)).map(({ id }) => id);
}

export interface ArrivalPorts {
  readonly nowMs: () => number;
  readonly forward: (region: string, call: ForwardedCall) => Promise<CallOutcome>;
}

/** Asks all other regions. */
export class Arrivals {
  /** Regions that did not answer, and until when they are left alone. */
  private readonly silent = new Map<string, number>();

  /** @param others the regions that may be home besides this one */
  constructor(
    private readonly ports: ArrivalPorts,
    private readonly others: readonly string[],
  ) {}

  /** Identities of those entries that every other region has; undefined where one of them does not answer. */
  public async arrived(context: CallContext, command: ArrivalsCommand): Promise<ReadonlySet<string> | undefined> {
    const { others } = this;
    if (others.some((region) => this.ports.nowMs() < (this.silent.get(region) ?? 0))) return undefined;
    const answers = await Promise.all(others.map((region) => this.ask(region, context, command)));
    const isNamed = (id: string): boolean => answers.every((ids) => ids!.includes(id));
    return answers.includes(undefined) ? undefined : new Set(command.entries.map(({ id }) => id).filter(isNamed));
  }

  private async ask(
    region: string,
    { tenant, traceId, deadlineMs }: CallContext,
    command: ArrivalsCommand,
  ): Promise<readonly string[] | undefined> {
    const { nowMs, forward } = this.ports;
    const leftMs = deadlineMs - nowMs();
    // Too little time is no fault of that region.
    if (leftMs < leastMs) return [];
    const remainingMs = Math.min(answerMs, leftMs);
    // Whatever it is that fails: nothing is known to have arrived.
    const outcome = await forward(region, { tenant, traceId, remainingMs, call: { name: 'arrivals', command } }).catch(() => undefined);
    if (outcome?.kind === 'arrived' && Array.isArray(outcome.ids)) return outcome.ids;
    const isOlder = outcome?.kind === 'unsure' && outcome.code === 'region_fenced';
    this.silent.set(region, nowMs() + (isOlder ? leftAloneAsOlderMs : leftAloneMs));
    return undefined;
  }
}
