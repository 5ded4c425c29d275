import { randomUUID } from 'node:crypto';
import type { CopyStatus, DocumentBucket } from './bucket';
import { Copier, rulesFor } from './copier';

/** A job of S3 Batch Replication. */
export interface CopyJob {
  readonly id: string;
  readonly region: string;
  state: 'Active' | 'Complete' | 'Failed';
  /** As S3 words it. */
  readonly why?: string;
  total: number;
  succeeded: number;
  failed: number;
}

/** How long a job waits for a region that cannot be reached, before it counts a version as failed. */
const patienceMs = 20_000;

/** What S3 says of a job for which it found no version: the job fails, although nothing is wrong. */
const nothingFound = 'Manifest generation found no keys matching the filter criteria.';

/** Batch Replication: has versions copied by the rules of their bucket, those that a job asks for by what became of their copies. */
export class CopyJobs {
  private readonly all = new Map<string, CopyJob>();

  constructor(
    private readonly copier: Copier,
    private readonly nowMs: () => number,
  ) {}

  public start(bucket: DocumentBucket, statuses: readonly CopyStatus[]): CopyJob {
    const until = this.nowMs() + patienceMs;
    const tasks = bucket
      .versions()
      .filter(({ status }) => statuses.includes(status))
      .flatMap((version) => rulesFor(bucket, version).map((rule) => ({ version, rule })));
    const none = tasks.length === 0;
    const counts = { total: tasks.length, succeeded: 0, failed: 0 };
    const begun: Pick<CopyJob, 'state' | 'why'> = none ? { state: 'Failed', why: nothingFound } : { state: 'Active' };
    const job: CopyJob = { id: randomUUID(), region: bucket.region, ...counts, ...begun };
    this.all.set(job.id, job);
    // From now on they wait like new ones: a second job does not count them again. A copy stays one.
    for (const { version } of tasks) if (version.status !== 'REPLICA') version.status = 'PENDING';
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
