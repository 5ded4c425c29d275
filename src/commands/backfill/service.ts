import { ParityComparison } from './comparison.service';
import type { BackfillPorts, BackfillRequest, CopyProgress, ParityReport } from './model';
import { sha256 } from '../../kernel/digest';

/** S3 fails a job for which it found nothing to copy. That is how every backfill ends but the first, and nothing is wrong then. */
const hadNothingToCopy = ({ state, total, why = '' }: CopyProgress): boolean =>
  state === 'Failed' && total === 0 && why.toLowerCase().includes('no keys matching the filter criteria');

export type BackfillResult =
  | { readonly outcome: 'compared'; readonly report: ParityReport; readonly place: string; readonly sha256: string }
  | { readonly outcome: 'jobFailed'; readonly job: CopyProgress };

const ended = ['Complete', 'Failed', 'Cancelled'];

/** Has S3 copy what it never copied, then compares both regions and keeps what that came to. */
export class Backfill {
  constructor(
    private readonly ports: BackfillPorts,
    private readonly request: BackfillRequest,
  ) {}

  public async run(): Promise<BackfillResult> {
    const job = await this.copied();
    if (hadNothingToCopy(job)) this.ports.say('nothing was to be copied: S3 ends such a job as Failed');
    else if (job.state !== 'Complete') return { outcome: 'jobFailed', job };
    const report = await new ParityComparison(this.ports, this.request).run(job);
    const { ports, request } = this;
    const text = `${JSON.stringify(report, undefined, 2)}\n`;
    const place = await ports.writeReport(`parity/${request.to}/${report.at.replace(/[:.]/g, '-')}.json`, text);
    const digest = sha256(text);
    const versions = report.prefixes.from.reduce((sum, one) => sum + one.versions + one.deletions, 0);
    const { from, to } = request;
    await ports.writeRecord({ from, to, at: report.at, versions, differences: report.differences.length, report: place, sha256: digest });
    return { outcome: 'compared', report, place, sha256: digest };
  }

  private async copied(): Promise<CopyProgress> {
    const { ports, request } = this;
    const id = await ports.startJob();
    ports.say(`job ${id} copies from ${request.from} ${whatIsCopied(request)}`);
    let lastLine = '';
    for (;;) {
      const job = await ports.job(id);
      const line = `${job.copied} of ${job.total} copied, ${job.failed} failed (${job.state})`;
      if (line !== lastLine) ports.say(line);
      lastLine = line;
      if (ended.includes(job.state)) return job;
      await ports.sleep(request.pollMs);
    }
  }
}

function whatIsCopied({ to, isNewRegion }: BackfillRequest): string {
  return isNewRegion ? `all that is there, as ${to} is new` : `to ${to} what was never copied, or failed`;
}
