import { randomUUID } from 'crypto';
import { meshMetrics, publisherEnv, publisherTimes, reservedTypes } from './contract';
import { entryOf, envelopeProblem } from './envelope.domain';
import type { EventTrace, MeshEvent } from './model';
import { EventsNotPublished, InvalidEvent } from './publish-errors.domain';
import { publishPorts, PublisherTarget } from './publish.aws';
import { EntryOutcome, publish, PublishPorts } from './publish.service';
import type { NewEvent, PublishedEvent, Publisher, PublisherOptions } from './runtime.model';
import { fromTraceHeader, toTraceparent } from '../kernel/trace';
import { Telemetry } from '../runtime/telemetry';

const shortestMs = 100;
const longestMs = 600_000;

/** See the runtime's entry. */
export function createPublisher(options: PublisherOptions = {}): Publisher {
  return publisherWith(options, (target) => publishPorts(target), (line) => { process.stdout.write(`${line}\n`); });
}

/** The same with its ports given. */
export function publisherWith(options: PublisherOptions, portsOf: (target: PublisherTarget) => PublishPorts, write: (line: string) => void): Publisher {
  const { timeoutMs = publisherTimes.budgetMs, environment = process.env } = options;
  if (!(timeoutMs >= shortestMs && timeoutMs <= longestMs)) throw new Error(`'timeoutMs' is ${timeoutMs}; allowed: ${shortestMs} to ${longestMs} milliseconds`);
  const { systemName, source, types, ...target } = publisherEnv.read(environment);
  if (options.source !== undefined && options.source !== source) {
    throw new Error(`'source' is '${options.source}'; allowed: '${source}', as mesh.publisherEnvironment() says: the function is granted no other`);
  }
  const allowed = types === undefined ? undefined : JSON.parse(types) as readonly string[];
  const region = environment.AWS_REGION;
  if (!region) throw new Error('environment variable AWS_REGION is missing: Lambda sets it');
  const ports = portsOf(target);
  const telemetry = new Telemetry({ systemName, region, service: 'publisher', write });
  return {
    publish: async (given) => {
      const events = given.map((event, at) => serialised(completed(event, region, ports.nowMs(), environment), at, allowed));
      const outcomes = await publish(ports, events.map((event) => entryOf(event, source)), ports.nowMs() + timeoutMs);
      report(telemetry, events, outcomes);
      return outcomes.map((outcome, at) => published(events[at], outcome));
    },
  };
}

function completed(event: NewEvent, origin: string, nowMs: number, environment: Readonly<Record<string, string | undefined>>): MeshEvent {
  const trace = event.trace ?? invocationTrace(environment._X_AMZN_TRACE_ID);
  return {
    ...event,
    id: event.id ?? randomUUID(),
    schemaVersion: event.schemaVersion ?? 1,
    origin,
    occurredAt: event.occurredAt ?? new Date(nowMs).toISOString(),
    ...(trace ? { trace } : {}),
  };
}

/**
 * The event as its readers will find it. What is judged is what is sent: JSON leaves members out, and lets a `toJSON` say something else.
 */
function serialised(event: MeshEvent, at: number, allowed: readonly string[] | undefined): MeshEvent {
  let sent: MeshEvent;
  try {
    sent = JSON.parse(JSON.stringify(event)) as MeshEvent;
  } catch (error) {
    throw new InvalidEvent(at, `it cannot be said in JSON: ${(error as Error).message}`);
  }
  const problem = envelopeProblem(sent) ?? typeProblem(sent.type, allowed);
  if (problem !== undefined) throw new InvalidEvent(at, problem);
  return sent;
}

function typeProblem(type: string, allowed: readonly string[] | undefined): string | undefined {
  if (reservedTypes.includes(type)) return `'type' is '${type}', which the ledger or the mesh alone publishes; allowed: a type of your own`;
  return allowed === undefined || allowed.includes(type) ? undefined : `'type' is '${type}'; allowed, as mesh.grantPublish() says: ${allowed.join(', ')}`;
}

/** Lambda sets it anew for each invocation. */
function invocationTrace(header: string | undefined): EventTrace | undefined {
  const context = fromTraceHeader(header);
  if (!context) return undefined;
  const traceparent = toTraceparent(context);
  return {
    traceId: context.traceId,
    ...(context.sampled && context.parentId !== undefined ? { parentId: context.parentId, ...(traceparent === undefined ? {} : { traceparent }) } : {}),
  };
}

/** One line a call that went wrong, with the metric that raises the alarm. */
function report(telemetry: Telemetry, events: readonly MeshEvent[], outcomes: readonly EntryOutcome[]): void {
  const sent = outcomes.filter(({ kind }) => kind === 'sent').length;
  if (sent > 0) telemetry.count(meshMetrics.eventsPublished, sent);
  const failed = outcomes.flatMap((outcome, at) => outcome.kind === 'sent' ? [] : [{ id: events[at].id, ...outcome }]);
  if (failed.length > 0) telemetry.count(meshMetrics.publishFailures, failed.length);
  telemetry.record('publish', { sent, failed: failed.slice(0, 20) });
  const open = failed.filter(({ kind }) => kind === 'open');
  if (open.length > 0) throw new EventsNotPublished(open.map(({ id }) => id), open[0].reason);
}

function published({ id }: MeshEvent, outcome: EntryOutcome): PublishedEvent {
  return outcome.kind === 'sent' ? { id, outcome: 'sent' } : { id, outcome: 'deadLettered', reason: outcome.reason };
}
