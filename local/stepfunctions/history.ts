/** One event of an execution, as GetExecutionHistory tells it. */
export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly type: string;
  /** Epoch seconds. */
  readonly timestamp: number;
  readonly [details: string]: unknown;
}

/** Step Functions ends an execution whose history would grow beyond this. */
export const mostEvents = 25_000;

/** What happened to an execution, each event after the one that led to it: there is one thread here. */
export class History {
  private readonly kept: HistoryEvent[] = [];

  constructor(private readonly now: () => number) {}

  public get size(): number {
    return this.kept.length;
  }

  public add(type: string, details: Readonly<Record<string, unknown>> = {}): void {
    const id = this.kept.length + 1;
    this.kept.push({ id, previousEventId: id - 1, type, timestamp: this.now() / 1000, ...details });
  }

  public events(withData: boolean): readonly HistoryEvent[] {
    if (withData) return this.kept;
    const bare = (name: string, value: unknown): unknown => (dataMembers.has(name) ? undefined : value);
    return this.kept.map((event) => JSON.parse(JSON.stringify(event, bare)) as HistoryEvent);
  }
}

/** Members that hold execution data. */
const dataMembers: ReadonlySet<string> = new Set(['input', 'output', 'parameters', 'cause']);
