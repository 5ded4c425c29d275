import { randomUUID } from 'node:crypto';
import type { CopyStatus, DocumentBucket } from './bucket';
import { Copier, rulesFor } from './copier';

/** A job of S3 Batch Replication. */
export interface CopyJob {
  readonly id: string;
  readonly region: string;
  state: 'Active' | 'Complete';
  total: number;
  succeeded: number;
  failed: number;
}

/** How long a job waits for a region that cannot be reached, before it counts a version as failed. */
const patienceMs = 20_000;

/** Batch Replication: has versions copied by the rules of their bucket that never were, or that failed. */
export class CopyJobs {
  private readonly all = new Map<string, CopyJob>();

  constructor(
    private readonly copier: Copier,
    private readonly nowMs: () => number,
  ) {}

  public start(bucket: DocumentBucket, statuses: readonly CopyStatus[]): CopyJob {
    const job: CopyJob = { id: randomUUID(), region: bucket.region, state: 'Active', total: 0, succeeded: 0, failed: 0 };
    this.all.set(job.id, job);
    const until = this.nowMs() + patienceMs;
    const tasks = bucket
      .versions()
      // A copy is none of this region's to send.
      .filter(({ status }) => status !== 'REPLICA' && statuses.includes(status))
      .flatMap((version) => rulesFor(bucket, version).map((rule) => ({ version, rule })));
    job.total = tasks.length;
    if (tasks.length === 0) job.state = 'Complete';
    // From now on they wait like new ones: a second job does not count them again.
    for (const { version } of tasks) version.status = 'PENDING';
    for (const { version, rule } of tasks) {
      const settled = (isCopied: boolean): void => {
        if (isCopied) job.succeeded += 1;
        else job.failed += 1;
        if (job.succeeded + job.failed === job.total) job.state = 'Complete';
      };
      this.copier.begin(bucket, version, rule, { until, settled });
    }
    return job;
  }

  public find(region: string, id: string): CopyJob | undefined {
    const job = this.all.get(id);
    return job?.region === region ? job : undefined;
  }

  /** The newest one of a region. */
  public latest(region: string): CopyJob | undefined {
    return [...this.all.values()].reverse().find((job) => job.region === region);
  }
}
