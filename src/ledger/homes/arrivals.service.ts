import { inEpoch } from './carry.domain';
import { CallContext } from '../model';
import { Arrived, EntryToLeave, LedgerStore } from '../ports';
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
const leastMs = 750;
/** Of the time left, what is for the removal behind the answer. */
const spareMs = 250;
/** Epochs behind the one that is asked for, of which one may have begun. */
const laterEpochs = 8;
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
  const keyOfAccount = (n: number): string => inEpoch(accountPk(tenant, accountId), epoch + n);
  const accounts = await store.readMany(Array.from({ length: laterEpochs + 1 }, (_, n) => keyOfAccount(n)));
  // Where a later epoch has begun, what arrives of this one counts no more.
  const isEnded = accounts.some(({ pk }) => pk !== keyOfAccount(0));
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

/** The question on its way, as a call of one region to another one. */
export interface ArrivalsQuestion {
  readonly tenant: string;
  readonly traceId: string;
  readonly remainingMs: number;
  readonly call: { readonly name: 'arrivals'; readonly command: ArrivalsCommand };
}

export interface ArrivalPorts {
  readonly nowMs: () => number;
  /** Anything may come back: a region of another release answers otherwise. */
  readonly forward: (
    region: string,
    question: ArrivalsQuestion,
  ) => Promise<{ readonly kind: string; readonly code?: string; readonly ids?: readonly string[] }>;
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

  /** What each region that answers has; where one has no time to, nothing. */
  public async arrived(context: CallContext, command: ArrivalsCommand): Promise<Arrived> {
    const { nowMs } = this.ports;
    // Too little time is no fault of those regions.
    if (context.deadlineMs - nowMs() < leastMs) return { ids: new Set(), fromAll: true };
    const answers = await Promise.all(this.others.map((region) => this.ask(region, context, command)));
    const known = answers.filter((ids) => ids !== undefined);
    const isNamed = (id: string): boolean => known.every((ids) => ids.includes(id));
    return { ids: new Set(command.entries.map(({ id }) => id).filter(isNamed)), fromAll: known.length === answers.length };
  }

  /** Undefined: it does not answer, or did not a moment ago. */
  private async ask(
    region: string,
    { tenant, traceId, deadlineMs }: CallContext,
    command: ArrivalsCommand,
  ): Promise<readonly string[] | undefined> {
    const { nowMs, forward } = this.ports;
    if (nowMs() < (this.silent.get(region) ?? 0)) return undefined;
    // Who asks has something to do with the answer.
    const remainingMs = Math.min(answerMs, deadlineMs - nowMs() - spareMs);
    // Whatever it is that fails: nothing is known to have arrived.
    const outcome = await forward(region, { tenant, traceId, remainingMs, call: { name: 'arrivals', command } }).catch(() => undefined);
    if (outcome?.kind === 'arrived' && Array.isArray(outcome.ids)) return outcome.ids;
    const isOlder = outcome?.kind === 'unsure' && outcome.code === 'region_fenced';
    this.silent.set(region, nowMs() + (isOlder ? leftAloneAsOlderMs : leftAloneMs));
    return undefined;
  }
}
