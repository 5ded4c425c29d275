import type { OpenTelemetryApi, PowertoolsTracer, TeamTracers, XRaySdk, XRaySdkSegment } from '../kernel/team-tracers';
import type { TraceContext } from '../kernel/trace';

/** Runs a team's code so that its tracers record in this trace, below its parent. Each tracer sees it for as long as the work goes on. */
export function withinTrace<T>(tracers: TeamTracers, { traceId, parentId, sampled }: TraceContext, work: () => T): T {
  if (parentId === undefined) return work();
  const place = { traceId, parentId, sampled };
  const { openTelemetry } = tracers;
  const sdk = xraySdkOf(tracers);
  const traced = openTelemetry === undefined ? work : () => withSpan(openTelemetry, place, work);
  return sdk === undefined ? traced() : withSegment(sdk, place, traced);
}

/** A trace that has a parent, below which things can be recorded. */
type Place = TraceContext & { readonly parentId: string };

const name = 'cdk-multi-region-payments';

/**
 * A facade in the SDK's context, as the SDK itself has one in Lambda: it stands for a segment that is recorded elsewhere, and is never
 * sent. Its subsegments are sent by themselves, each as it ends: the SDK does so where a segment counts more open parts than its threshold.
 */
function withSegment<T>({ Segment, getNamespace, setSegment }: XRaySdk, { traceId, parentId, sampled }: Place, work: () => T): T {
  const nothing = (): undefined => undefined;
  const segment: XRaySdkSegment = Object.assign(new Segment(name, traceId), {
    id: parentId,
    notTraced: !sampled,
    in_progress: false,
    counter: Number.MAX_SAFE_INTEGER,
    incrementCounter: nothing,
    decrementCounter: nothing,
    isClosed: () => true,
    close: nothing,
    flush: nothing,
  });
  return getNamespace().runAndReturn(() => {
    setSegment(segment);
    return work();
  });
}

function withSpan<T>({ context, trace }: OpenTelemetryApi, { traceId, parentId, sampled }: Place, work: () => T): T {
  const spanContext = { traceId: traceId.slice(2).replace('-', ''), spanId: parentId, traceFlags: sampled ? 1 : 0, isRemote: true };
  return context.with(trace.setSpanContext(context.active(), spanContext), work);
}

/** The SDK, by itself or as Powertools has it. */
function xraySdkOf({ xray, powertools }: TeamTracers): XRaySdk | undefined {
  if (powertools === undefined) return xray;
  const { provider } = powertools;
  const Segment = xray?.Segment ?? segmentClassOf(powertools);
  return { Segment, getNamespace: () => provider.getNamespace(), setSegment: (segment) => provider.setSegment(segment) };
}

/** In Lambda the SDK has a segment from its start: its class makes ours. */
function segmentClassOf({ provider }: PowertoolsTracer): XRaySdk['Segment'] {
  const current = provider.getSegment() as { readonly segment?: object } | undefined;
  const root = current?.segment ?? current;
  if (root !== undefined && 'addNewSubsegment' in root) return root.constructor as XRaySdk['Segment'];
  throw new Error("the Powertools tracer has no segment here: give the module aws-xray-sdk-core beside it, as 'xray'");
}
