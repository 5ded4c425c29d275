import { countByPrefix, expiringVersions, isDocument, versionName, whyUnlike } from './domain';
import type {
  BackfillPorts,
  BackfillRequest,
  CopyProgress,
  DocumentSeen,
  DocumentSide,
  ParityDifference,
  ParityReport,
  StoredVersion,
  VersionId,
} from './model';
import { eachOf } from '../../kernel/each-of';

/** A version in both regions. */
interface ComparedVersion extends VersionId {
  readonly writtenAtMs: number;
  from?: StoredVersion;
  to?: StoredVersion;
  /** Why both are unlike, and since when they are so in this way. */
  why?: string;
  sinceMs: number;
}

/** Requests for single versions at once. */
const requestsAtOnce = 16;

/**
 * Compares two regions' documents: all versions once, then those alone that differ, until they agree or have differed for a while. A bucket
 * that is written to all the time, or that takes long to list, comes to its end so too.
 */
export class ParityComparison {
  constructor(
    private readonly ports: BackfillPorts,
    private readonly request: BackfillRequest,
  ) {}

  public async run(job: CopyProgress): Promise<ParityReport> {
    const { ports, request } = this;
    const listedAtMs = ports.nowMs();
    const [oldVersionDays, ...lists] = await Promise.all([ports.oldVersionDays(), ports.versions('from'), ports.versions('to')]);
    const [from, to] = lists.map((list) => list.filter(isDocument));
    const all = inBoth(from, to);
    const expiring = expiringVersions([...from, ...to], listedAtMs, oldVersionDays);
    for (const name of expiring) all.delete(name);
    await eachOf([...all.values()], requestsAtOnce, (one) => this.first(one));
    const unlike = await this.settled([...all.values()].filter(({ why }) => why !== undefined));
    const isNew = ({ writtenAtMs }: ComparedVersion): boolean => writtenAtMs > listedAtMs - request.settleSeconds * 1000;
    const onTheWay = unlike.filter(isNew);
    for (const one of onTheWay) all.delete(versionName(one));
    const leftOut = { onTheWay: onTheWay.length, expiring: expiring.size };
    return this.report(job, [...all.values()], leftOut);
  }

  /** The lists know no checksums: what is alike so far is looked at in both regions. */
  private async first(one: ComparedVersion): Promise<void> {
    one.why = whyUnlike(one.from, one.to);
    if (one.why === undefined && !one.from?.isDeletion) await this.look(one);
  }

  private async look(one: ComparedVersion): Promise<void> {
    const look = (side: DocumentSide): Promise<StoredVersion | undefined> => this.ports.look(side, one);
    [one.from, one.to] = await Promise.all([look('from'), look('to')]);
    const why = whyUnlike(one.from, one.to);
    if (why !== one.why) one.sinceMs = this.ports.nowMs();
    one.why = why;
  }

  /** Those that stay unlike. The time begins when all versions were compared, not before. */
  private async settled(unlike: readonly ComparedVersion[]): Promise<readonly ComparedVersion[]> {
    const { ports, request } = this;
    const settleMs = request.settleSeconds * 1000;
    const beganMs = ports.nowMs();
    for (const one of unlike) one.sinceMs = beganMs;
    let open = unlike;
    while (open.some(({ sinceMs }) => ports.nowMs() - sinceMs < settleMs)) {
      ports.say(`${open.length} differences: looking again, for they may be on their way`);
      await ports.sleep(request.pollMs);
      await eachOf(open, requestsAtOnce, (one) => this.look(one));
      open = open.filter(({ why }) => why !== undefined);
    }
    return open;
  }

  private report(job: CopyProgress, all: readonly ComparedVersion[], leftOut: ParityReport['leftOut']): ParityReport {
    const { systemName, from, to } = this.request;
    const differences = all.flatMap(({ key, versionId, why }): ParityDifference[] => (why === undefined ? [] : [{ key, versionId, why }]));
    const contents = all.filter((one) => one.from && one.to && !one.from.isDeletion && one.from.size === one.to.size);
    const bySize = contents.filter((one) => !hasChecksums(one)).length;
    const count = (side: DocumentSide): ReturnType<typeof countByPrefix> =>
      countByPrefix(all.flatMap((one) => (one[side] ? [hasChecksums(one) ? one[side] : { ...one[side], checksum: undefined }] : [])));
    return {
      form: 'documents-parity/1',
      systemName,
      from,
      to,
      at: new Date(this.ports.nowMs()).toISOString(),
      job,
      equal: differences.length === 0,
      compared: { byChecksum: contents.length - bySize, bySize },
      leftOut,
      prefixes: { from: count('from'), to: count('to') },
      differences,
    };
  }
}

/** A checksum that one region alone has says nothing. */
const hasChecksums = ({ from, to }: ComparedVersion): boolean => from?.checksum !== undefined && to?.checksum !== undefined;

/** By name, each version with what the lists say of it. */
function inBoth(from: readonly DocumentSeen[], to: readonly DocumentSeen[]): Map<string, ComparedVersion> {
  const all = new Map<string, ComparedVersion>();
  const take = (side: DocumentSide, list: readonly DocumentSeen[]): void => {
    for (const { key, versionId, isDeletion, size, writtenAtMs } of list) {
      const name = versionName({ key, versionId });
      const one: ComparedVersion = all.get(name) ?? { key, versionId, writtenAtMs, sinceMs: 0 };
      one[side] = { key, versionId, isDeletion, size };
      all.set(name, one);
    }
  };
  take('from', from);
  take('to', to);
  return all;
}
