import { PaymentEvent } from '../model';
import {
  Decided,
  decidedBy,
  detailKeys,
  Details,
  eventOf,
  isLeft,
  isSo,
  ItemChange,
  lackingKeys,
  newerKeys,
  olderKeys,
  withLater,
  withOlder,
  writerOf,
} from './domain';
import { causeOf, namedCauseOf } from '../../kernel/cause';
import { toTraceparent, TraceContext, Tracer } from '../../kernel/trace';
import { Item, LedgerPorts } from '../../ledger/ports';
import { Attempt } from '../../ledger/protocol/attempt.service';
import { accountPk } from '../../ledger/protocol/domain';
import type { SyntheticTenants } from '../../ledger/synthetic-tenants.contract';
import type { EntryOutcome } from '../publishing/publish.service';

/** A record of the table's stream. */
export interface StreamRecord {
  /** Its place in the stream, by which a failure is reported. */
  readonly id: string;
  /** Reads the item before and after; throws for what no version of ours writes. */
  readonly change: () => ItemChange;
  /** When its write came into the stream, in epoch milliseconds; absent: the stream does not say. */
  readonly arrivedMs?: number;
}

/** A range of the stream that Lambda gave up, as its message says. */
export interface FailedRange {
  readonly streamArn: string;
  readonly shardId: string;
  readonly startSequenceNumber: string;
  readonly endSequenceNumber: string;
  /** When its first and its last change came into the stream, ISO 8601; for whoever has to look for what the stream has forgotten. */
  readonly approximateArrivalOfFirstRecord?: string;
  readonly approximateArrivalOfLastRecord?: string;
}

/**
 * Takes events to the bus: what became of each, in their order. Of one payment, none is sent before an earlier one that is not. What is
 * `open` by the deadline is nobody's.
 */
export type EventSink = (events: readonly PaymentEvent[], deadlineMs: number) => Promise<readonly EntryOutcome[]>;

export interface OutboxPorts extends Omit<LedgerPorts, 'decide'> {
  readonly sink: EventSink;
  readonly tracer: Tracer;
}

export interface OutboxSettings {
  readonly region: string;
  /** The function's name in traces. */
  readonly name: string;
  /** Tenants of which no event tells. @default - none */
  readonly syntheticTenants?: SyntheticTenants;
}

export interface BatchResult {
  readonly published: number;
  /** The first record that is not done with; everything from it on comes again. */
  readonly failed?: { readonly id: string; readonly reason: string };
}

export interface DecidedResult {
  readonly published: number;
  readonly failed?: {
    readonly at: number;
    readonly reason: string;
    /** What waits for claims that are not here, with the rest of their payments, where all others were published. */
    readonly waiting?: readonly Decided[];
  };
}

/** Something decided that is told, or is open, with its event if that can be made. */
interface Telling {
  readonly one: Decided;
  readonly so: boolean;
  readonly event: PaymentEvent | undefined;
}

/** A trace that is older is not continued, but named: its picture is closed, and nobody looks at it as it happens any more. */
export const lateAfterMs = 15 * 60_000;
const readAtMost = 100;

/** Publishes what this region's writes have decided. Safe to repeat: the same record comes to the same events. */
export class Outbox {
  constructor(
    private readonly ports: OutboxPorts,
    private readonly settings: OutboxSettings,
  ) {}

  /** Publishes a batch of the stream in its order, up to the first record that fails. */
  public async publish(records: readonly StreamRecord[], deadlineMs: number): Promise<BatchResult> {
    const { decided, failed } = decideAll(records, (writer) => writer === this.settings.region);
    const done = await this.publishDecided(
      decided.map(({ one }) => one),
      this.settings.region,
      deadlineMs,
    );
    if (done.failed) return { published: done.published, failed: { id: decided[done.failed.at].record, reason: done.failed.reason } };
    return { published: done.published, ...(failed ? { failed } : {}) };
  }

  /**
   * Publishes a range of the stream that was given up, whoever made the writes; resolves with all that keeps it from being done. The stream
   * forgets it after a day, so what fails holds up nothing else: later ranges have been published before it anyway.
   */
  public async republish(
    records: readonly StreamRecord[],
    deadlineMs: number,
  ): Promise<{ readonly published: number; readonly failed?: string }> {
    const read = records.map((record) => decideAll([record], () => true));
    const decided = read.flatMap((one) => one.decided);
    const reasons: string[] = [];
    let published = 0;
    for (const origin of new Set(decided.map(({ writer }) => writer))) {
      const own = decided.filter(({ writer }) => writer === origin).map(({ one }) => one);
      try {
        const done = await this.publishDecided(own, origin, deadlineMs, true);
        published += done.published;
        if (done.failed) reasons.push(done.failed.reason);
      } catch (error) {
        reasons.push(namedCauseOf(error));
      }
    }
    reasons.push(...read.flatMap(({ failed }) => (failed ? [`record ${failed.id}: ${failed.reason}`] : [])));
    return { published, ...(reasons.length > 0 ? { failed: reasons.join('; ') } : {}) };
  }

  /** Whether nobody is told of it. */
  public isSynthetic({ tenant }: Decided): boolean {
    return this.settings.syntheticTenants?.has(tenant) ?? false;
  }

  /**
   * Publishes what was decided in a region, in the order given; `failed` is the first that was not published.
   *
   * @param apart whether a claim that is not here holds back its own payment alone, and not all behind it
   */
  public async publishDecided(decided: readonly Decided[], origin: string, deadlineMs: number, apart = false): Promise<DecidedResult> {
    const nowMs = this.ports.nowMs();
    const asked = decided.filter((one) => !isLeft(one, nowMs) && !this.isSynthetic(one));
    if (asked.length === 0) return { published: 0 };
    const detailsOf = await this.details(asked, deadlineMs);
    const tellings = asked
      .map((one): Telling => {
        const details = detailsOf(one);
        const so = isSo(one, details, nowMs);
        return { one, so: so !== false, event: so === true ? eventOf(one, details, origin) : undefined };
      })
      .filter(({ so }) => so)
      // A claim's record tells what its account's record tells, where both come at once.
      .filter(({ event }, at, all) => !event || all.findIndex((other) => other.event?.id === event.id) === at);
    // Behind a claim that is not there nothing is sent, or nothing of its payment, so that nothing overtakes its event.
    const held = new Set<string>();
    const waits = new Set(
      tellings.filter(({ one, event }) => {
        if (!event) held.add(one.payment);
        return apart ? held.has(one.payment) : held.size > 0;
      }),
    );
    const sent = tellings.filter((telling) => !waits.has(telling));
    const spans = sent.map(({ event }) => this.begin(event!));
    const outcomes = await this.ports.sink(
      spans.map(({ event }) => event),
      deadlineMs,
    );
    spans.forEach(({ end }, n) => end(outcomes[n].kind !== 'sent'));
    const open = outcomes.findIndex(({ kind }) => kind === 'open');
    const published = outcomes.filter(({ kind }) => kind !== 'open').length;
    if (open >= 0) {
      return {
        published,
        failed: { at: decided.indexOf(sent[open].one), reason: (outcomes[open] as Extract<EntryOutcome, { kind: 'open' }>).reason },
      };
    }
    const [missing] = waits;
    if (!missing) return { published };
    return {
      published,
      failed: {
        at: decided.indexOf(missing.one),
        reason: `the claims of ${missing.one.id} are not in this region`,
        ...(apart ? { waiting: [...waits].map(({ one }) => one) } : {}),
      },
    };
  }

  /** The claims of what was decided, by the key of the write's own epoch; of each decision those that say the same of it. */
  private async details(decided: readonly Decided[], deadlineMs: number): Promise<(one: Decided) => Details> {
    const keys = detailKeys(decided);
    const claims = new Map((await this.read(keys, deadlineMs)).map((item) => [item.pk, item]));
    const missing = keys.filter((key) => !claims.has(key));
    const older = await this.allOf(missing, olderKeys, deadlineMs);
    const details = byAccount((one) => withOlder(one, claims, older));
    const lacking = [...new Set(decided.flatMap((one) => lackingKeys(one, details(one))))];
    const later = await this.allOf(lacking, newerKeys, deadlineMs);
    return (one) => withLater(one, details(one), later);
  }

  /** Of each key those of its candidates that are there, in their order. */
  private async allOf(
    keys: readonly string[],
    candidatesOf: (key: string) => readonly string[],
    deadlineMs: number,
  ): Promise<ReadonlyMap<string, readonly Item[]>> {
    // The same key may be a candidate of several: a request names it once.
    const candidates = [...new Set(keys.flatMap(candidatesOf))];
    const there = new Map((await this.read(candidates, deadlineMs)).map((item) => [item.pk, item]));
    return new Map(keys.map((key) => [key, candidatesOf(key).flatMap((candidate) => there.get(candidate) ?? [])]));
  }

  private async read(keys: readonly string[], deadlineMs: number): Promise<readonly Item[]> {
    const attempt = new Attempt(this.ports, this.settings, { tenant: '', traceId: '', deadlineMs });
    const pages = Array.from({ length: Math.ceil(keys.length / readAtMost) }, (_, n) => keys.slice(n * readAtMost, (n + 1) * readAtMost));
    return (await Promise.all(pages.map((page) => attempt.retrying((store) => store.readMany(page))))).flat();
  }

  /** Work in the request's own trace, from which the event's consumers go on; in the outbox's trace for what comes late. */
  private begin(event: PaymentEvent): { readonly event: PaymentEvent; readonly end: (fault: boolean) => void } {
    const { tracer, nowMs } = this.ports;
    const trace = event.trace!;
    const requested: TraceContext = { traceId: trace.traceId, parentId: trace.parentId, sampled: trace.parentId !== undefined };
    const isLate = nowMs() - Date.parse(event.occurredAt) > lateAfterMs;
    const context = isLate ? tracer.invocation() : requested;
    if (!context?.sampled) return { event, end: () => undefined };
    const span = tracer.begin({ name: this.settings.name, context, kind: 'work' });
    span.annotate('eventId', event.id);
    if (isLate) span.link(requested);
    const end = (fault: boolean): void => span.end({ fault });
    if (isLate) return { event: { ...event, trace: { traceId: trace.traceId } }, end };
    const { parentId } = span.context;
    const continued = parentId === undefined ? {} : { parentId, traceparent: toTraceparent(span.context) };
    return { event: { ...event, trace: { traceId: trace.traceId, ...continued } }, end };
  }
}

/** The same for all that one account has decided. */
function byAccount(detailsOf: (one: Decided) => Details): (one: Decided) => Details {
  const known = new Map<string, Details>();
  return (one) => {
    const account = accountPk(one.tenant, one.accountId);
    const details = known.get(account) ?? detailsOf(one);
    known.set(account, details);
    return details;
  };
}

/** What the records have decided, in order, of the writers that count; up to the first one that cannot be read. */
export function decideAll(
  records: readonly StreamRecord[],
  counts: (writer: string) => boolean,
): {
  readonly decided: readonly { readonly record: string; readonly writer: string; readonly one: Decided }[];
  readonly failed?: { readonly id: string; readonly reason: string };
} {
  const decided: { record: string; writer: string; one: Decided }[] = [];
  for (const { id, change, arrivedMs } of records) {
    try {
      const read = change();
      const writer = writerOf(read);
      if (writer === undefined || !counts(writer)) continue;
      const own = decidedBy(read).filter((one) => arrivedMs === undefined || !isLeft(one, arrivedMs));
      decided.push(...own.map((one) => ({ record: id, writer, one })));
    } catch (error) {
      return { decided, failed: { id, reason: causeOf(error) } };
    }
  }
  return { decided };
}
