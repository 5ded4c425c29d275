import { randomUUID } from 'crypto';
import { meshMetrics, publisherEnv, publisherTimes, publishLimits, reservedSources, reservedTypes } from '../contract';
import { entryOf, envelopeProblem } from './envelope.domain';
import type { EventTrace, MeshEvent, PutEntry } from '../model';
import { EventsNotPublished, InvalidEvent } from './publish-errors.domain';
import { publishPorts, PublisherTarget } from './publish.aws';
import { EntryOutcome, entryBytes, publish, PublishPorts } from './publish.service';
import { serialised } from './serialise.domain';
import { fromTraceHeader, fromTraceparent, toTraceparent } from '../../kernel/trace';
import { Telemetry } from '../../runtime/telemetry';
import type { NewEvent, PublishedEvent, Publisher, PublisherOptions } from '../runtime.model';

const shortestMs = 100;
const longestMs = 600_000;

/** See the runtime's entry. */
export function createPublisher(options: PublisherOptions = {}): Publisher {
  return publisherWith(
    options,
    (target) => publishPorts(target),
    (line) => {
      process.stdout.write(`${line}\n`);
    },
  );
}

/** The same with its ports given. */
export function publisherWith(
  options: PublisherOptions,
  portsOf: (target: PublisherTarget) => PublishPorts,
  write: (line: string) => void,
): Publisher {
  const { timeoutMs = publisherTimes.budgetMs, environment = process.env } = options;
  if (!(timeoutMs >= shortestMs && timeoutMs <= longestMs)) {
    throw new Error(`'timeoutMs' is ${timeoutMs}; allowed: ${shortestMs} to ${longestMs} milliseconds`);
  }
  const { systemName, source, types, ...target } = publisherEnv.read(environment);
  if (options.source !== undefined && options.source !== source) {
    throw new Error(
      `'source' is '${options.source}'; allowed: '${source}', as mesh.publisherEnvironment() says: the function is granted no other`,
    );
  }
  if (source.startsWith('aws.') || reservedSources(systemName).includes(source)) {
    throw new Error(
      `environment variable MESH_SOURCE is '${source}', which is reserved for the ledger and the mesh; allowed: a source of your ` +
        `own, as mesh.publisherEnvironment() writes it`,
    );
  }
  const allowed = types === undefined ? undefined : (JSON.parse(types) as readonly string[]);
  const region = environment.AWS_REGION;
  if (!region) throw new Error('environment variable AWS_REGION is missing: Lambda sets it');
  const ports = portsOf(target);
  const telemetry = new Telemetry({ systemName, region, service: 'publisher', write });
  return {
    publish: async (given) => {
      if (!Array.isArray(given)) {
        throw new TypeError(`publish was given ${given === null ? 'null' : typeof given}; allowed: a list of events`);
      }
      // Each once, also where an event says another thing each time. Not `map`, which passes over holes.
      const judged = Array.from(given as readonly NewEvent[], (event, at) =>
        judge(event, at, { region, nowMs: ports.nowMs(), environment, source, allowed }),
      );
      const events = judged.map(({ event }) => event);
      const outcomes = await publish(
        ports,
        judged.map(({ entry }) => entry),
        ports.nowMs() + timeoutMs,
      );
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

interface Rules {
  readonly region: string;
  readonly nowMs: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly source: string;
  readonly allowed: readonly string[] | undefined;
}

/** The event as its readers will find it, and as it is sent. Throws for what cannot be sent, or would reach nobody. */
function judge(
  given: NewEvent,
  at: number,
  { region, nowMs, environment, source, allowed }: Rules,
): { readonly event: MeshEvent; readonly entry: PutEntry } {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new InvalidEvent(at, 'the event is not an object');
  const said = serialised(completed(given, region, nowMs, environment));
  if (said.kind === 'unsaid') throw new InvalidEvent(at, said.why);
  const event = said.value as MeshEvent;
  const problem = envelopeProblem(event) ?? typeProblem(event.type, allowed) ?? routeProblem(event, region);
  if (problem !== undefined) throw new InvalidEvent(at, problem);
  const entry = entryOf(event, source);
  const bytes = entryBytes(entry);
  if (bytes > publishLimits.bytes) {
    throw new InvalidEvent(
      at,
      `it has ${bytes} bytes with its envelope; allowed: ${publishLimits.bytes}, as much as EventBridge takes. Put the content into ` +
        `S3 and send its name`,
    );
  }
  return { event, entry };
}

/** Rules of the bus forward and deliver by `origin`: under another region's name it would be a stray. */
function routeProblem({ origin, trace }: MeshEvent, region: string): string | undefined {
  if (origin !== region) return `'origin' is '${origin}'; allowed: '${region}', where it is published`;
  if (trace?.traceparent === undefined || fromTraceparent(trace.traceparent)?.traceId === trace.traceId) return undefined;
  return "'trace.traceparent' is not a W3C traceparent of 'trace.traceId'; leave it out, or leave out 'trace'";
}

function typeProblem(type: string, allowed: readonly string[] | undefined): string | undefined {
  if (reservedTypes.includes(type)) return `'type' is '${type}', which the ledger or the mesh alone publishes; allowed: a type of your own`;
  return allowed === undefined || allowed.includes(type)
    ? undefined
    : `'type' is '${type}'; allowed, as mesh.grantPublish() says: ${allowed.join(', ')}`;
}

/** Lambda sets it anew for each invocation. */
function invocationTrace(header: string | undefined): EventTrace | undefined {
  const context = fromTraceHeader(header);
  if (!context) return undefined;
  const traceparent = toTraceparent(context);
  return {
    traceId: context.traceId,
    ...(context.sampled && context.parentId !== undefined
      ? { parentId: context.parentId, ...(traceparent === undefined ? {} : { traceparent }) }
      : {}),
  };
}

/** One line a call that went wrong, with the metric that raises the alarm. */
function report(telemetry: Telemetry, events: readonly MeshEvent[], outcomes: readonly EntryOutcome[]): void {
  const sent = outcomes.filter(({ kind }) => kind === 'sent').length;
  if (sent > 0) telemetry.count(meshMetrics.eventsPublished, sent);
  const failed = outcomes.flatMap((outcome, at) => (outcome.kind === 'sent' ? [] : [{ id: events[at].id, ...outcome }]));
  if (failed.length > 0) telemetry.count(meshMetrics.publishFailures, failed.length);
  telemetry.record('publish', { sent, failed: failed.slice(0, 20) });
  const open = failed.filter(({ kind }) => kind === 'open');
  if (open.length === 0) return;
  const refused = open.flatMap((one) => (one.kind === 'open' && one.forGood ? [one.id] : []));
  throw new EventsNotPublished(
    open.map(({ id }) => id),
    open[0].reason,
    refused,
  );
}

function published({ id }: MeshEvent, outcome: EntryOutcome): PublishedEvent {
  return outcome.kind === 'sent' ? { id, outcome: 'sent' } : { id, outcome: 'deadLettered', reason: outcome.reason };
}
