import type { CopyRule, DocumentBucket, DocumentVersion } from './bucket';
import type { Links } from '../ground/model';

/** A version on its way to another bucket. */
interface UnderWay {
  readonly from: DocumentBucket;
  readonly version: DocumentVersion;
  readonly rule: CopyRule;
  /** Not before; epoch milliseconds. */
  readonly dueAt: number;
  /** Given up then; absent: tried for ever, as new documents are. */
  readonly until?: number;
  readonly settled?: (isCopied: boolean) => void;
}

/** What S3 counts of a rule. */
export interface CopyMeasures {
  /** How far the copies are behind, seconds, and the bytes that wait. */
  waiting(from: DocumentBucket, rule: CopyRule, seconds: number, bytes: number): void;
  failed(from: DocumentBucket, rule: CopyRule): void;
}

export interface CopierOptions {
  readonly links: Pick<Links, 'get'>;
  readonly regionRuns: (region: string) => boolean;
  readonly bucket: (name: string) => DocumentBucket | undefined;
  readonly nowMs: () => number;
  readonly measures: CopyMeasures;
}

/** Which rules are for a version. */
export const rulesFor = ({ rules }: DocumentBucket, { key, isDeletion }: DocumentVersion): CopyRule[] =>
  rules.filter((rule) => rule.isEnabled && key.startsWith(rule.prefix) && (!isDeletion || rule.copiesDeletions));

/** Copies by the buckets' own rules: with the lag of the link, and as soon as link and regions let something through. */
export class Copier {
  private underWay: readonly UnderWay[] = [];

  constructor(private readonly options: CopierOptions) {}

  public get isIdle(): boolean {
    return this.waiting === 0;
  }

  /** Versions on their way. */
  public get waiting(): number {
    return this.underWay.length;
  }

  /** A new version. What came as a copy goes no further: each region sends its own. */
  public wrote(from: DocumentBucket, version: DocumentVersion): void {
    const rules = rulesFor(from, version);
    if (rules.length === 0) return;
    version.status = 'PENDING';
    for (const rule of rules) this.begin(from, version, rule);
  }

  /** Copies a version by one rule, and tells what became of it within the time. */
  public begin(from: DocumentBucket, version: DocumentVersion, rule: CopyRule, limit?: Pick<UnderWay, 'until' | 'settled'>): void {
    const target = this.options.bucket(rule.destination);
    const dueAt = this.options.nowMs() + (target ? this.options.links.get(from.region, target.region).lagMs : 0);
    this.underWay = [...this.underWay, { from, version, rule, dueAt, ...limit }];
  }

  /** What is due now is copied, or given up. */
  public turn(): void {
    const now = this.options.nowMs();
    const left: UnderWay[] = [];
    const settled: (() => void)[] = [];
    for (const one of this.underWay) {
      const outcome = this.tried(one, now);
      if (outcome === undefined) left.push(one);
      else settled.push(() => this.settle(one, outcome));
    }
    this.underWay = left;
    settled.forEach((tell) => tell());
    this.measure(now);
  }

  private tried({ from, version, rule, dueAt, until }: UnderWay, now: number): boolean | undefined {
    const target = this.options.bucket(rule.destination);
    if (!target) return false;
    if (dueAt <= now && this.reaches(from.region, target.region)) {
      // Removed for good meanwhile: there is nothing to copy.
      if (from.version(version.key, version.versionId)) target.accept(version);
      return true;
    }
    return until !== undefined && until <= now ? false : undefined;
  }

  private settle({ from, version, rule, settled }: UnderWay, isCopied: boolean): void {
    const others = this.underWay.some((one) => one.version === version);
    // What came as a copy stays one, also when a job sends it on.
    const isOriginal = version.status !== 'REPLICA';
    if (!isCopied) {
      if (isOriginal) version.status = 'FAILED';
      this.options.measures.failed(from, rule);
    } else if (isOriginal && !others && version.status !== 'FAILED') {
      version.status = 'COMPLETED';
    }
    settled?.(isCopied);
  }

  private measure(now: number): void {
    const rules = new Map(this.underWay.map((one) => [one.rule, one.from]));
    for (const [rule, from] of rules) {
      const waiting = this.underWay.filter((one) => one.rule === rule);
      const oldest = Math.min(...waiting.map(({ version }) => version.at));
      const bytes = waiting.reduce((sum, { version }) => sum + version.body.length, 0);
      this.options.measures.waiting(from, rule, (now - oldest) / 1000, bytes);
    }
  }

  private reaches(from: string, to: string): boolean {
    const { links, regionRuns } = this.options;
    return regionRuns(from) && regionRuns(to) && !links.get(from, to).partitioned;
  }
}
