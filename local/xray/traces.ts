import type { TraceSegment } from '../ground/model';

/** Traces kept, the latest ones, and segments of one trace: more than a day of clicking, less than would show in memory. */
const tracesKept = 2_000;
const segmentsKept = 500;
const tracePattern = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/;
const segmentPattern = /^[0-9a-f]{16}$/;

/** A segment document as the X-Ray daemon gets it; only what is shown is typed. */
interface SegmentDocument {
  id?: unknown;
  trace_id?: unknown;
  parent_id?: unknown;
  name?: unknown;
  start_time?: unknown;
  end_time?: unknown;
  in_progress?: unknown;
  error?: unknown;
  fault?: unknown;
  throttle?: unknown;
  annotations?: unknown;
  subsegments?: unknown;
}

/** The traces of all regions, as far as their functions told of them. */
export class Traces {
  private readonly byId = new Map<string, Map<string, TraceSegment>>();

  /** Takes one datagram: a header line, then a document. Returns whether it was understood. */
  public receive(region: string, datagram: string): boolean {
    const end = datagram.indexOf('\n');
    try {
      const header = JSON.parse(datagram.slice(0, end)) as { format?: unknown };
      return header.format === 'json' && this.add(region, JSON.parse(datagram.slice(end + 1)) as SegmentDocument);
    } catch {
      return false;
    }
  }

  /** Segments of a trace by their start; undefined for one that is not known. */
  public segments(traceId: string): TraceSegment[] | undefined {
    const trace = this.byId.get(traceId);
    return trace && [...trace.values()].sort((a, b) => a.start - b.start || a.end - b.end);
  }

  private add(region: string, document: SegmentDocument, parent?: { readonly traceId: string; readonly id: string }): boolean {
    const traceId = parent?.traceId ?? document.trace_id;
    const { id, name, start_time: start } = document;
    if (!matches(traceId, tracePattern) || !matches(id, segmentPattern) || typeof name !== 'string' || typeof start !== 'number') {
      return false;
    }
    const parentId = document.parent_id ?? parent?.id;
    const open = typeof document.end_time !== 'number';
    const annotations = document.annotations;
    this.keep(traceId, {
      id,
      ...(matches(parentId, segmentPattern) ? { parentId } : {}),
      name: name.slice(0, 200),
      region,
      start: Math.round(start * 1000),
      end: Math.round((open ? start : (document.end_time as number)) * 1000),
      ...(open ? { inProgress: true } : {}),
      ...(document.error || document.fault || document.throttle ? { failed: true } : {}),
      ...(typeof annotations === 'object' && annotations !== null ? { annotations: annotations as Record<string, unknown> } : {}),
    });
    if (Array.isArray(document.subsegments)) {
      for (const inner of document.subsegments as SegmentDocument[]) this.add(region, inner, { traceId, id });
    }
    return true;
  }

  private keep(traceId: string, segment: TraceSegment): void {
    const trace = this.byId.get(traceId) ?? new Map<string, TraceSegment>();
    // A segment may be told of when it begins and again when it has ended, in either order. A trace that is added to is the latest one.
    this.byId.delete(traceId);
    this.byId.set(traceId, trace);
    const known = trace.get(segment.id);
    if (known ? !segment.inProgress : trace.size < segmentsKept) trace.set(segment.id, segment);
    if (this.byId.size > tracesKept) this.byId.delete(this.byId.keys().next().value as string);
  }
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}
