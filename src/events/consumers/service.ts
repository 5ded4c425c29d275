import { namedCauseOf } from '../../kernel/cause';
import { readJson } from '../../kernel/json/strict';
import type { Span, TraceContext, Tracer } from '../../kernel/trace';
import type { ConsumedEvent, MeshEvent } from '../model';
import { envelopeProblem } from '../publishing/envelope.domain';

/**
 * Consumes each event once in effect. The inbox decides: its first taker works on an event under a lease, and whoever gets a copy
 * finds it taken or done. An event is told by its source, its tenant and its ID: who may publish under one source cannot take the place
 * of another's event, even by the same ID. What is left between an effect and the inbox's `DONE` is a crash in that moment: the event comes
 * again once the lease is over. A handler closes that gap too by giving its effect the event's ID, or by one transaction of both.
 */

/** Why an event is not to be worked on now, or that it is. */
export type Taken =
  /** `attempt` counts from 1; more than 1: an earlier attempt failed, or died. */
  | { readonly kind: 'taken'; readonly attempt: number }
  /** Its effect was done; this delivery has been noted. */
  | { readonly kind: 'duplicate' }
  /** Another attempt may be at work on it until then, in epoch milliseconds. */
  | { readonly kind: 'running'; readonly untilMs: number };

/** An attempt that wants an event. */
export interface Claim {
  readonly event: ConsumedEvent;
  /** A text that no other attempt has. */
  readonly owner: string;
  readonly nowMs: number;
  readonly leaseUntilMs: number;
  /** Epoch seconds from which the inbox may forget it. */
  readonly expires: number;
}

/** What events have an order in: each source and tenant has its own. */
export interface Subject {
  readonly source: string;
  readonly tenant?: string;
  readonly subject: string;
}

/** What a consumer has done, and is doing. One per consumer and region; every method is one conditional write or two. */
export interface Inbox {
  /** Takes an event that nobody has taken, that was set aside, or whose lease is over. */
  take(claim: Claim): Promise<Taken>;
  /** The effect is done; false: it was done already, or taken over by another attempt. */
  finish(claim: Claim, nowMs: number): Promise<boolean>;
  /** Gives the lease back; `counts`: the attempt was one. */
  free(claim: Claim, counts: boolean): Promise<void>;
  /** No further attempt, until the event is delivered anew. */
  setAside(claim: Claim): Promise<void>;
  /** Highest sequence of a subject that was done; undefined: none. */
  through(subject: Subject): Promise<number | undefined>;
  /** Raises it; false: a higher one was done before. */
  advance(subject: Subject, sequence: number, expires: number): Promise<boolean>;
}

/** - `done`: the effect is there.
 * - `failed`: the handler ran and ended with an error. Counts as an attempt.
 * - `notReached`: the handler did not run, so this says nothing about the event.
 * - `unknown`: it may still be running; nobody else may begin before the lease is over. */
export type Handled = { readonly kind: 'done' } | { readonly kind: 'failed' | 'notReached' | 'unknown'; readonly reason: string };

/** A message of the consumer's queue. */
export interface Message {
  readonly id: string;
  /** An event as EventBridge delivers it. */
  readonly body: string;
}

export interface Delivery {
  readonly attempt: number;
  /** Trace to go on from. */
  readonly trace?: TraceContext;
}

export interface ConsumerPorts {
  readonly inbox: Inbox;
  readonly handle: (event: ConsumedEvent, delivery: Delivery) => Promise<Handled>;
  /** Keeps a message that is given up, for somebody to look at and to deliver anew. */
  readonly deadLetter: (message: Message, reason: string) => Promise<void>;
  readonly nowMs: () => number;
  readonly nonce: () => string;
  readonly tracer: Tracer;
  readonly observe: (outcome: DeliveryOutcome, event?: ConsumedEvent) => void;
}

export interface ConsumerSettings {
  /** The consumer's name in traces. */
  readonly name: string;
  /** `Source` of the events that are accepted; others are refused, whatever rule or hand brought them. */
  readonly sources: readonly string[];
  /** How long an attempt may take; afterwards another one may begin. Longer than the handler can run. */
  readonly leaseMs: number;
  readonly maxAttempts: number;
  /** How long an event is remembered. */
  readonly rememberMs: number;
  /** What to do with an event when a later one of its subject was done before. */
  readonly stale: 'DELIVER' | 'SKIP';
  /** Age from which an event's trace is named and no longer continued. */
  readonly lateAfterMs: number;
}

/** What a delivery came to. `settled`: it is done with; otherwise it has to come again. */
export interface DeliveryOutcome {
  readonly kind: 'done' | 'duplicate' | 'skipped' | 'setAside' | 'refused' | 'running' | 'failed' | 'notReached' | 'unknown' | 'noTime';
  readonly settled: boolean;
  readonly outOfOrder?: boolean;
  readonly reason?: string;
}

interface Parsed {
  readonly message: Message;
  readonly event: ConsumedEvent;
  readonly replayed: boolean;
}

/** A message that no handler sees. */
interface RejectedMessage {
  readonly kind: 'setAside' | 'refused';
  readonly reason: string;
}

export class Consumer {
  constructor(
    private readonly ports: ConsumerPorts,
    private readonly settings: ConsumerSettings,
  ) {}

  /** Works on a batch: subjects side by side, the events of one subject in their order. Returns the messages that have to come again. */
  public async receive(messages: readonly Message[], deadlineMs: number): Promise<readonly string[]> {
    const subjects = new Map<string, Parsed[]>();
    const again: string[] = [];
    for (const message of messages) {
      const parsed = parse(message, this.settings.sources);
      if ('reason' in parsed) {
        if (!(await this.reject(message, parsed))) again.push(message.id);
        continue;
      }
      const { source, tenant, subject } = parsed.event;
      const key = subject === undefined ? `#${message.id}` : JSON.stringify([source, tenant, subject]);
      subjects.set(key, [...(subjects.get(key) ?? []), parsed]);
    }
    await Promise.all(
      [...subjects.values()].map(async (own) => {
        for (const one of own.sort((a, b) => (a.event.sequence ?? 0) - (b.event.sequence ?? 0))) {
          const outcome = await this.answering(one, deadlineMs);
          this.ports.observe(outcome, one.event);
          if (!outcome.settled) again.push(one.message.id);
        }
      }),
    );
    return again;
  }

  /** What is no event of a mesh, or of no accepted source, never will be: it is kept for somebody to look at. */
  private async reject(message: Message, { kind, reason }: RejectedMessage): Promise<boolean> {
    try {
      await this.ports.deadLetter(message, reason);
      this.ports.observe({ kind, settled: true, reason });
      return true;
    } catch (error) {
      this.ports.observe({ kind: 'notReached', settled: false, reason: String(error) });
      return false;
    }
  }

  /** A fault of the inbox or the queue concerns this message alone, and leaves it to the next delivery. */
  private async answering(one: Parsed, deadlineMs: number): Promise<DeliveryOutcome> {
    try {
      return await this.consume(one, deadlineMs);
    } catch (error) {
      return { kind: 'unknown', settled: false, reason: namedCauseOf(error) };
    }
  }

  private async consume({ message, event, replayed }: Parsed, deadlineMs: number): Promise<DeliveryOutcome> {
    const { inbox, nowMs } = this.ports;
    const { leaseMs, maxAttempts } = this.settings;
    // An attempt that cannot end before this function does would hold its lease for nothing.
    if (nowMs() + leaseMs > deadlineMs) return { kind: 'noTime', settled: false };
    const claim: Claim = { event, owner: this.ports.nonce(), nowMs: nowMs(), leaseUntilMs: nowMs() + leaseMs, expires: this.expires() };
    const taken = await inbox.take(claim);
    if (taken.kind === 'duplicate') return { kind: 'duplicate', settled: true };
    if (taken.kind === 'running') return { kind: 'running', settled: false };
    // Every attempt died before it could say so.
    if (taken.attempt > maxAttempts) return this.giveUp(message, claim, `${maxAttempts} attempts ended without a result`);
    if (await this.isStale(event)) {
      await inbox.finish(claim, nowMs());
      return { kind: 'skipped', settled: true, outOfOrder: true };
    }
    const { span, trace } = this.begin(event, replayed);
    const handled = await this.ports.handle(event, { attempt: taken.attempt, ...(trace ? { trace } : {}) });
    span?.end({ fault: handled.kind !== 'done' });
    switch (handled.kind) {
      case 'done':
        return this.done(claim);
      case 'notReached':
        await inbox.free(claim, false);
        break;
      case 'failed':
        if (taken.attempt >= maxAttempts) return this.giveUp(message, claim, handled.reason);
        await inbox.free(claim, true);
        break;
      // It may be at work still: the lease stays.
      case 'unknown':
        break;
    }
    return { kind: handled.kind, settled: false, reason: handled.reason };
  }

  private async done(claim: Claim): Promise<DeliveryOutcome> {
    const { source, tenant, subject, sequence } = claim.event;
    await this.ports.inbox.finish(claim, this.ports.nowMs());
    if (subject === undefined || sequence === undefined) return { kind: 'done', settled: true };
    const inOrder = await this.ports.inbox.advance({ source, tenant, subject }, sequence, this.expires());
    return { kind: 'done', settled: true, ...(inOrder ? {} : { outOfOrder: true }) };
  }

  /** The letter first: a crash in between leaves one letter too many, never one too few. */
  private async giveUp(message: Message, claim: Claim, reason: string): Promise<DeliveryOutcome> {
    await this.ports.deadLetter(message, reason);
    await this.ports.inbox.setAside(claim);
    return { kind: 'setAside', settled: true, reason };
  }

  private async isStale({ source, tenant, subject, sequence }: ConsumedEvent): Promise<boolean> {
    if (this.settings.stale !== 'SKIP' || subject === undefined || sequence === undefined) return false;
    const through = await this.ports.inbox.through({ source, tenant, subject });
    return through !== undefined && through > sequence;
  }

  private expires(): number {
    return Math.ceil((this.ports.nowMs() + this.settings.rememberMs) / 1000);
  }

  /** Work in the event's own trace; for a replayed or late event in this invocation's, with the other one named. */
  private begin(event: MeshEvent, replayed: boolean): { readonly span?: Span; readonly trace?: TraceContext } {
    const { tracer, nowMs } = this.ports;
    const { trace } = event;
    if (!trace) return {};
    const { traceId, parentId } = trace;
    const isLate = replayed || nowMs() - Date.parse(event.occurredAt) > this.settings.lateAfterMs;
    const context = isLate
      ? tracer.invocation()
      : { traceId, ...(parentId === undefined ? {} : { parentId }), sampled: parentId !== undefined };
    if (!context?.sampled) return {};
    const span = tracer.begin({ name: this.settings.name, context, kind: 'work' });
    span.annotate('eventId', event.id);
    if (isLate) span.link(trace);
    return { span, trace: span.context };
  }
}

/**
 * The event in a message. Its type is the one that the bus judged the publisher by, and its source the one that the bus's policy vouches
 * for: the envelope's own word is believed in neither.
 */
function parse(message: Message, sources: readonly string[]): Parsed | RejectedMessage {
  // What two readers could take for two things is not handed to one of them.
  const read = readJson(message.body, 'double');
  if (read.kind === 'refused') return { kind: 'setAside', reason: `the message was refused. ${read.detail}` };
  const body = read.value as {
    readonly source?: unknown;
    readonly 'detail-type'?: unknown;
    readonly detail?: unknown;
    readonly 'replay-name'?: unknown;
  } | null;
  const problem = envelopeProblem(body?.detail);
  if (problem !== undefined) return { kind: 'setAside', reason: problem };
  const { source, 'detail-type': type } = body!;
  const event = body!.detail as MeshEvent;
  const accepted = sources.find((one) => one === source);
  if (accepted === undefined) {
    return { kind: 'refused', reason: `its source is ${JSON.stringify(source)}; accepted: ${sources.join(', ')}` };
  }
  if (type !== event.type) {
    return { kind: 'refused', reason: `its detail-type is ${JSON.stringify(type)}, but its envelope says ${JSON.stringify(event.type)}` };
  }
  return { message, event: { ...event, source: accepted }, replayed: body!['replay-name'] !== undefined };
}
