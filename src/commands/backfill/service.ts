import { compareLists, countByPrefix, DocumentSeen, isDocument, ParityDifference, PrefixCount, versionName } from './domain';
import { ParityRecord } from '../../documents/contract';
import { sha256 } from '../../kernel/digest';

/** A job of S3 Batch Replication as S3 describes it. */
export interface CopyProgress {
  /** `Complete`, `Failed`, `Cancelled`, or one of the states before. */
  readonly state: string;
  readonly total: number;
  readonly copied: number;
  readonly failed: number;
  readonly why?: string;
}

/** S3 fails a job for which it found nothing to copy. That is how every backfill ends but the first, and nothing is wrong then. */
const hadNothingToCopy = ({ state, total, why = '' }: CopyProgress): boolean =>
  state === 'Failed' && total === 0 && why.toLowerCase().includes('no keys matching the filter criteria');

/** One of the two regions. */
export type DocumentSide = 'from' | 'to';

export interface BackfillPorts {
  startJob(): Promise<string>;
  job(id: string): Promise<CopyProgress>;
  /** All versions and delete markers of a region. */
  versions(side: DocumentSide): Promise<readonly DocumentSeen[]>;
  /** Checksum of a version, with its algorithm; undefined where S3 has none. */
  checksum(side: DocumentSide, key: string, versionId: string): Promise<string | undefined>;
  /** Writes the report, and says where it is. */
  writeReport(name: string, text: string): Promise<string>;
  writeRecord(record: ParityRecord): Promise<void>;
  nowMs(): number;
  sleep(ms: number): Promise<void>;
  say(line: string): void;
}

export interface BackfillRequest {
  readonly systemName: string;
  readonly from: string;
  readonly to: string;
  /** How long versions may still be on their way before they count as differences, seconds. */
  readonly settleSeconds: number;
  /** The second region is new: what was copied to others, or came from them, is copied to it too. */
  readonly isNewRegion: boolean;
  /** How often a job is asked about, milliseconds. */
  readonly pollMs: number;
}

/** What both regions hold, compared version by version. */
export interface ParityReport {
  readonly form: 'documents-parity/1';
  readonly systemName: string;
  readonly from: string;
  readonly to: string;
  readonly at: string;
  readonly job: CopyProgress;
  readonly equal: boolean;
  /** Versions compared by their checksums, and by their sizes alone since S3 has no checksum of them. */
  readonly compared: { readonly byChecksum: number; readonly bySize: number };
  readonly prefixes: { readonly from: readonly PrefixCount[]; readonly to: readonly PrefixCount[] };
  readonly differences: readonly ParityDifference[];
}

export type BackfillResult =
  | { readonly outcome: 'compared'; readonly report: ParityReport; readonly place: string; readonly sha256: string }
  | { readonly outcome: 'jobFailed'; readonly job: CopyProgress };

/** Requests for checksums at once. */
const requestsAtOnce = 16;
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
    const report = await this.settled(job);
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

  /** New documents are copied all the time: what differs is looked at again before it counts. */
  private async settled(job: CopyProgress): Promise<ParityReport> {
    const { ports, request } = this;
    const until = ports.nowMs() + request.settleSeconds * 1000;
    for (;;) {
      const report = await this.compared(job);
      if (report.equal || ports.nowMs() >= until) return report;
      ports.say(`${report.differences.length} differences: looking again, for they may be on their way`);
      await ports.sleep(request.pollMs);
    }
  }

  private async compared(job: CopyProgress): Promise<ParityReport> {
    const { ports, request } = this;
    const [from, to] = await Promise.all([ports.versions('from'), ports.versions('to')]);
    const { differences, alike } = compareLists(from, to);
    const checksums = { from: new Map<string, string>(), to: new Map<string, string>() };
    const allDifferences: ParityDifference[] = [...differences];
    let bySize = 0;
    await atOnce(alike, async (one) => {
      const [mine, theirs] = await Promise.all([
        ports.checksum('from', one.key, one.versionId),
        ports.checksum('to', one.key, one.versionId),
      ]);
      if (mine === undefined || theirs === undefined) {
        bySize += 1;
      } else {
        checksums.from.set(versionName(one), mine);
        checksums.to.set(versionName(one), theirs);
        if (mine !== theirs) allDifferences.push({ ...one, why: 'another checksum in the copy' });
      }
    });
    return {
      form: 'documents-parity/1',
      systemName: request.systemName,
      from: request.from,
      to: request.to,
      at: new Date(ports.nowMs()).toISOString(),
      job,
      equal: allDifferences.length === 0,
      compared: { byChecksum: alike.length - bySize, bySize },
      prefixes: { from: countByPrefix(from.filter(isDocument), checksums.from), to: countByPrefix(to.filter(isDocument), checksums.to) },
      differences: allDifferences,
    };
  }
}

function whatIsCopied({ to, isNewRegion }: BackfillRequest): string {
  return isNewRegion ? `all that is there, as ${to} is new` : `to ${to} what was never copied, or failed`;
}

async function atOnce<T>(all: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  const left = all[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const one of left) await run(one);
  };
  await Promise.all(Array.from({ length: requestsAtOnce }, worker));
}
