/**
 * X-Ray, and the only module that knows it: segment documents over UDP to the daemon that Lambda runs beside a function. Another
 * way of recording replaces this file; what the others know is `Tracer` (kernel/trace.ts). See ADR 8.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
 */
import { randomBytes } from 'node:crypto';
import type { Socket, SocketOptions } from 'node:dgram';
import { isIPv4 } from 'node:net';
import type { Environment } from '../kernel/env';
import { fromTraceHeader, Span, SpanStart, TraceContext, Tracer, untraced } from '../kernel/trace';

/** What the tracer needs from outside. */
export interface TracerPorts {
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** 16 hexadecimal digits that no other segment has. */
  readonly segmentId: () => string;
  /** `_X_AMZN_TRACE_ID` as it is now: Lambda sets it for each invocation. */
  readonly invocation: () => string | undefined;
  /** Sends a datagram to the daemon; absent: there is none. Must neither throw nor wait. */
  readonly send?: (datagram: Buffer) => void;
}

type Annotations = Readonly<Record<string, string | number | boolean>>;

const limits = {
  /** A document with its header line, in one datagram. */
  bytes: 64 * 1024 - 512,
  name: 200,
  annotation: 1_000,
} as const;
const headerLine = '{"format":"json","version":1}\n';
const notInName = /[^\p{L}\p{N}\s_.:/%&#=+\-@]/gu;
const notInAnnotation = /[^A-Za-z0-9_]/g;

/** A segment or a subsegment, as X-Ray knows it. */
interface Document {
  readonly name: string;
  readonly id: string;
  readonly trace_id?: string;
  readonly parent_id?: string;
  readonly type?: 'subsegment';
  readonly start_time: number;
  readonly end_time: number;
  readonly annotations?: Annotations;
  readonly http?: { readonly response: { readonly status: number } };
  readonly error?: true;
  readonly throttle?: true;
  readonly fault?: true;
  readonly subsegments?: readonly Document[];
}

/** Makes segment documents of the work that is begun and ended. */
export class XRayTracer implements Tracer {
  /** Work that is going on, by its ID: steps are put into its document. */
  private readonly open = new Map<string, OpenSpan>();

  /** @param annotations what every document says, beside its own */
  constructor(
    private readonly ports: TracerPorts,
    private readonly annotations: Annotations,
  ) {}

  public invocation(): TraceContext | undefined {
    return fromTraceHeader(this.ports.invocation());
  }

  public begin(start: SpanStart): Span {
    if (!this.ports.send || !start.context.sampled) return untraced(start.context);
    const { context, kind } = start;
    // Lambda makes the function's own segment, and no other can stand in its place: in the same trace our work is a part of that one.
    const lambda = kind === 'work' ? this.invocation() : undefined;
    const inLambda = lambda?.traceId === context.traceId && lambda.parentId !== undefined;
    const parentId = inLambda ? lambda.parentId : context.parentId;
    const span = new OpenSpan(start, {
      id: this.ports.segmentId(),
      isPart: parentId !== undefined && (inLambda || kind === 'step'),
      parentId,
      nowMs: this.ports.nowMs,
      annotations: kind === 'work' ? this.annotations : {},
      around: kind === 'step' && parentId !== undefined ? this.open.get(parentId) : undefined,
      ended: (document) => {
        this.open.delete(span.context.parentId!);
        if (document) this.send(document);
      },
    });
    this.open.set(span.context.parentId!, span);
    return span;
  }

  private send(document: Document): void {
    const datagram = Buffer.from(`${headerLine}${JSON.stringify(document)}`);
    if (datagram.length <= limits.bytes) return this.ports.send!(datagram);
    const { subsegments, ...alone } = document;
    // Too long: every part by itself. What is too long even then is left out, since the daemon would drop it.
    if (!subsegments) return undefined;
    this.send(alone);
    for (const part of subsegments) this.send({ ...part, type: 'subsegment', trace_id: document.trace_id, parent_id: document.id });
  }
}

interface SpanSettings {
  readonly id: string;
  readonly isPart: boolean;
  readonly parentId?: string;
  readonly nowMs: () => number;
  readonly annotations: Annotations;
  /** Work whose document holds this one, if that is still going on at its end. */
  readonly around?: OpenSpan;
  /** With a document to send, or none when the work around it has taken it. */
  readonly ended: (document?: Document) => void;
}

class OpenSpan implements Span {
  public readonly context: TraceContext;
  private readonly startMs: number;
  private readonly parts: Document[] = [];
  private annotations: Record<string, string | number | boolean>;
  private isOpen = true;

  constructor(
    private readonly start: SpanStart,
    private readonly settings: SpanSettings,
  ) {
    this.startMs = start.startMs ?? settings.nowMs();
    this.context = { traceId: start.context.traceId, parentId: settings.id, sampled: true };
    this.annotations = { ...settings.annotations };
  }

  public annotate(name: string, value: string | number | boolean): void {
    this.annotations[name.replace(notInAnnotation, '_')] = typeof value === 'string' ? value.slice(0, limits.annotation) : value;
  }

  public link({ traceId }: Pick<TraceContext, 'traceId'>): void {
    // Links of segments are Lambda's and SQS's own; an annotation can be searched for.
    this.annotate('linkedTrace', traceId);
  }

  public end(result: { readonly status?: number; readonly fault?: boolean } = {}): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const { around, ended } = this.settings;
    const document = this.document(result);
    ended(around?.take(document) ? undefined : { ...document, ...this.place() });
  }

  /** Takes the document of a part; false when it is too late. */
  private take(part: Document): boolean {
    if (this.isOpen) this.parts.push(part);
    return this.isOpen;
  }

  private place(): Pick<Document, 'trace_id' | 'parent_id' | 'type'> {
    const { isPart, parentId } = this.settings;
    return {
      trace_id: this.context.traceId,
      ...(parentId === undefined ? {} : { parent_id: parentId }),
      ...(isPart ? { type: 'subsegment' } : {}),
    };
  }

  private document({ status, fault = (status ?? 0) >= 500 }: { readonly status?: number; readonly fault?: boolean }): Document {
    const isError = status !== undefined && status >= 400 && status < 500;
    return {
      name: this.start.name.replace(notInName, '_').slice(0, limits.name),
      id: this.settings.id,
      start_time: this.startMs / 1000,
      end_time: Math.max(this.startMs, this.settings.nowMs()) / 1000,
      ...(Object.keys(this.annotations).length > 0 ? { annotations: this.annotations } : {}),
      ...(status === undefined ? {} : { http: { response: { status } } }),
      ...(isError ? { error: true } : {}),
      ...(status === 429 ? { throttle: true } : {}),
      ...(fault ? { fault: true } : {}),
      ...(this.parts.length > 0 ? { subsegments: this.parts } : {}),
    };
  }
}

/** A function's tracer, from its environment: it records nothing where no daemon is. */
export function tracerOf(source: Environment, systemName: string): Tracer {
  const daemon = daemonOf(source.AWS_XRAY_DAEMON_ADDRESS);
  return new XRayTracer(
    {
      nowMs: Date.now,
      segmentId: () => randomBytes(8).toString('hex'),
      invocation: () => process.env._X_AMZN_TRACE_ID,
      ...(daemon ? { send: (datagram: Buffer) => sendTo(daemon, datagram) } : {}),
    },
    { system: systemName, region: source.AWS_REGION ?? 'unknown' },
  );
}

interface Daemon {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`, or `tcp:host:port udp:host:port`. */
export function daemonOf(address: string | undefined): Daemon | undefined {
  const udp = /(?:^|\s)udp:(\S+)/.exec(address ?? '')?.[1] ?? address;
  const hostAndPort = /^([^\s:]+):(\d{1,5})$/.exec(udp ?? '');
  return hostAndPort ? { host: hostAndPort[1], port: Number(hostAndPort[2]) } : undefined;
}

let socket: Socket | undefined;

/** An address needs no resolver: then the datagram leaves within the call that sends it, before Lambda can freeze the function. */
const resolve: SocketOptions['lookup'] = (name, options, found) =>
  isIPv4(name) ? found(null, name, 4) : process.getBuiltinModule('node:dns').lookup(name, options, found);

function sendTo({ host, port }: Daemon, datagram: Buffer): void {
  try {
    if (!socket) {
      // Loaded with the first trace: most functions begin with a request that is not recorded.
      socket = process.getBuiltinModule('node:dgram').createSocket({ type: 'udp4', lookup: resolve });
      socket.on('error', () => undefined);
      socket.unref();
    }
    socket.send(datagram, port, host, () => undefined);
  } catch {
    // A trace less: never a payment less.
  }
}
