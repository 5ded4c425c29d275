/**
 * `cdk-multi-region-payments/runtime`: what a team's own functions use. The build bundles it into `runtime/`, with declarations of what
 * is named here; so these name no type of a package.
 */
import type { CreateIdempotentConsumer, CreatePublisher, CreateTraced } from '../runtime.model';
import { traced as tracedHandler } from './traced.aws';
import { idempotentConsumer as consumer } from './wrapper.aws';
import { createPublisher as publisher } from '../publishing/publisher.aws';

/**
 * Makes the handler of a function that gets events from the queue of an `IdempotentConsumer`: each event's effect comes about once. The
 * handler throws when it failed; after the last attempt the event is set aside in the dead-letter queue.
 */
export const idempotentConsumer: CreateIdempotentConsumer = consumer;

/**
 * A publisher for a function that was given `mesh.grantPublish()` and `mesh.publisherEnvironment()`. Make it once, at module scope.
 *
 * Each event is checked, sent in requests as large as EventBridge takes, repeated when it was refused or when nobody knows, and put into
 * the mesh's dead-letter queue when time is up.
 */
export const createPublisher: CreatePublisher = publisher;

/**
 * Makes a handler whose work is shown in the trace of the request, or of the mesh's event, that it works on, and that gives this trace to
 * the tracers of the team's own code: `aws-xray-sdk-core`, OpenTelemetry or Powertools. What they record stands below it.
 */
export const traced: CreateTraced = tracedHandler;

export { EventsNotPublished, InvalidEvent } from '../publishing/publish-errors.domain';
export type { ConsumedEvent, EventTrace, MeshEvent, PaymentEvent, PaymentEventData, PaymentEventType } from '../model';
export type {
  Completion,
  CreateIdempotentConsumer,
  CreatePublisher,
  CreateTraced,
  DocumentCompletion,
  EventDelivery,
  EventHandler,
  IdempotentConsumerOptions,
  NewEvent,
  PublishedEvent,
  Publisher,
  PublisherOptions,
  QueueBatchResponse,
  QueueContext,
  QueueEvent,
  QueueHandler,
  TracedHandler,
  TracedOptions,
} from '../runtime.model';
export type { OpenTelemetryApi, PowertoolsTracer, TeamTracers, XRaySdk, XRaySdkNamespace, XRaySdkSegment } from '../../kernel/team-tracers';
