/**
 * What is used of the tracers that a team may have. A team hands in the module, or the object, that its own code uses: nothing of them is
 * in our bundles, and no other copy of them would share their context.
 */

/** A segment of `aws-xray-sdk-core`, as far as it is set here. */
export interface XRaySdkSegment {
  id: string;
  notTraced?: boolean;
}

/** What keeps the context of `aws-xray-sdk-core`. */
export interface XRaySdkNamespace {
  runAndReturn<T>(work: () => T): T;
}

/** The module `aws-xray-sdk-core`: `import AWSXRay from 'aws-xray-sdk-core'`. */
export interface XRaySdk {
  readonly Segment: new (name: string, rootId: string, parentId?: string) => XRaySdkSegment;
  getNamespace(): XRaySdkNamespace;
  setSegment(segment: object): void;
}

/** The module `@opentelemetry/api`: `import * as openTelemetry from '@opentelemetry/api'`. */
export interface OpenTelemetryApi {
  readonly context: { active(): object; with<T>(context: object, work: () => T): T };
  readonly trace: {
    setSpanContext(
      context: object,
      spanContext: { readonly traceId: string; readonly spanId: string; readonly traceFlags: number; readonly isRemote: boolean },
    ): object;
  };
}

/** A `Tracer` of `@aws-lambda-powertools/tracer`. */
export interface PowertoolsTracer {
  readonly provider: { getNamespace(): XRaySdkNamespace; getSegment(): object | undefined; setSegment(segment: object): void };
}

/** The tracers that a team's code uses; one is enough. */
export interface TeamTracers {
  /** Captured clients and `captureAsyncFunc` then record below our work. */
  readonly xray?: XRaySdk;
  /** Spans then have our work as remote parent, in the active context. */
  readonly openTelemetry?: OpenTelemetryApi;
  /** The same as `xray`, for code that uses Powertools' own tracer. It needs Lambda, or `xray` beside it. */
  readonly powertools?: PowertoolsTracer;
}
