import { ParityComparison } from '../../src/commands/backfill/comparison.service';
import { versionName } from '../../src/commands/backfill/domain';
import type { BackfillPorts, DocumentSeen, DocumentSide, ParityReport, StoredVersion } from '../../src/commands/backfill/model';

const now = Date.UTC(2026, 10, 30);
const dayMs = 86_400_000;
const job = { state: 'Complete', total: 0, copied: 0, failed: 0 };

const seen = (key: string, versionId: string, more: Partial<DocumentSeen> = {}): DocumentSeen => ({
  key,
  versionId,
  isDeletion: false,
  size: 1,
  writtenAtMs: now - dayMs,
  isLatest: true,
  ...more,
});

interface Regions {
  readonly from: readonly DocumentSeen[];
  readonly to: readonly DocumentSeen[];
  readonly oldVersionDays?: number;
  /** How long a listing takes, milliseconds. */
  readonly listingMs?: number;
  /** What happens when all was compared once, and at each look after it. */
  readonly atListed?: (stored: Stored) => void;
  readonly atSleep?: (stored: Stored) => void;
}
type Stored = Record<DocumentSide, Map<string, StoredVersion>>;

/** Compares two lists in a time of its own. Checksums are alike unless `stored` is changed. */
async function compared({ from, to, oldVersionDays, listingMs = 0, atListed, atSleep }: Regions) {
  let at = now;
  const calls: string[] = [];
  const mapOf = (list: readonly DocumentSeen[]) => new Map(list.map((one) => [versionName(one), { ...one, checksum: 'CRC32=a' }]));
  const stored: Stored = { from: mapOf(from), to: mapOf(to) };
  const ports = {
    versions: (side: DocumentSide) => {
      calls.push(`list ${side}`);
      if (side === 'to') {
        at += listingMs;
        atListed?.(stored);
      }
      return Promise.resolve(side === 'from' ? from : to);
    },
    look: (side: DocumentSide, version: StoredVersion) => {
      calls.push(`${side} ${version.key}`);
      return Promise.resolve(stored[side].get(versionName(version)));
    },
    oldVersionDays: () => Promise.resolve(oldVersionDays),
    nowMs: () => at,
    sleep: (ms: number) => {
      at += ms;
      atSleep?.(stored);
      return Promise.resolve();
    },
    say: () => undefined,
  } as unknown as BackfillPorts;
  const request = { systemName: 'acme', from: 'us-east-1', to: 'us-west-2', isNewRegion: false, settleSeconds: 60, pollMs: 5_000 };
  const report: ParityReport = await new ParityComparison(ports, request).run(job);
  return { report, calls, tookMs: at - now };
}

test('a listing longer than the time to settle: each region is listed once, and only what differs is looked at again', async () => {
  const all = ['a', 'b', 'c'].map((key) => seen(key, `${key}1`));
  const { report, calls } = await compared({
    from: all,
    to: all.slice(0, 2),
    listingMs: 600_000,
    atSleep: ({ from, to }) => void to.set('c\nc1', from.get('c\nc1')!),
  });
  expect(report).toMatchObject({ equal: true, differences: [], compared: { byChecksum: 3, bySize: 0 }, leftOut: { onTheWay: 0 } });
  expect(report.prefixes.from).toEqual(report.prefixes.to);
  expect(calls.filter((call) => call.startsWith('list'))).toEqual(['list from', 'list to']);
  expect(calls.filter((call) => !call.startsWith('list')).sort()).toEqual(['from a', 'from b', 'from c', 'to a', 'to b', 'to c']);
});

test('a difference counts when it stayed for the time to settle; it ends then, with new documents coming all the time', async () => {
  const { report, tookMs } = await compared({
    from: [seen('old', '1'), seen('new', '2', { writtenAtMs: now - 5_000 })],
    to: [seen('alone', '3')],
    listingMs: 600_000,
  });
  expect(report.differences).toEqual([
    { key: 'old', versionId: '1', why: 'the copy has not got this version' },
    { key: 'alone', versionId: '3', why: 'the copy alone has this version' },
  ]);
  expect([report.equal, report.leftOut, tookMs]).toEqual([false, { onTheWay: 1, expiring: 0 }, 660_000]);
});

test('what is too new to have arrived is no difference, and in no count', async () => {
  const { report } = await compared({
    from: [seen('a', '1'), seen('new', '2', { writtenAtMs: now - 5_000 }), seen('b', '3', { writtenAtMs: now - 61_000 })],
    to: [seen('a', '1'), seen('b', '3', { writtenAtMs: now - 61_000 })],
  });
  expect([report.equal, report.leftOut.onTheWay]).toEqual([true, 1]);
  expect(report.prefixes.from).toEqual(report.prefixes.to);
});

test('a version that goes between list and look is looked at again, and does not end the comparison', async () => {
  const all = [seen('back', '1'), seen('gone', '2'), seen('lost', '3')];
  const { report } = await compared({
    from: all,
    to: all,
    atListed: ({ from, to }) => {
      for (const name of ['back\n1', 'gone\n2', 'lost\n3']) to.delete(name);
      from.delete('gone\n2');
    },
    atSleep: ({ from, to }) => void to.set('back\n1', from.get('back\n1')!),
  });
  expect(report.differences).toEqual([{ key: 'lost', versionId: '3', why: 'the copy has not got this version' }]);
  expect(report.prefixes.from[0].versions).toBe(2);
});

test('another checksum or size, and a checksum that one region alone has', async () => {
  const all = [seen('checksum', '1'), seen('none', '2'), seen('size', '3')];
  const { report } = await compared({
    from: all,
    to: [...all.slice(0, 2), seen('size', '3', { size: 2 })],
    atListed: ({ to }) => {
      to.set('checksum\n1', { ...all[0], checksum: 'CRC32=b' });
      to.set('none\n2', { ...all[1], checksum: undefined });
    },
  });
  expect(report.differences.map(({ key, why }) => [key, why])).toEqual([
    ['checksum', 'another checksum in the copy'],
    ['size', '1 bytes, and 2 in the copy'],
  ]);
  expect(report.compared).toEqual({ byChecksum: 1, bySize: 1 });
});

describe('old versions that the lifecycle rule removes about now', () => {
  const ago = (days: number): { writtenAtMs: number; isLatest: boolean } => ({ writtenAtMs: now - days * dayMs, isLatest: false });
  const from = [
    seen('a', '4', { ...ago(80), isLatest: true }),
    seen('a', '3', ago(89.5)),
    seen('a', '2', { ...ago(100), isDeletion: true }),
    seen('a', '1', ago(300)),
    seen('untouched', '5', { ...ago(300), isLatest: true }),
  ];
  const gone = async (which: readonly string[], oldVersionDays?: number) => {
    const { report } = await compared({ from, to: from.filter(({ versionId }) => !which.includes(versionId)), oldVersionDays });
    return [report.differences.map(({ versionId }) => versionId), report.leftOut.expiring];
  };

  test('are no difference, whichever region still has them: old since the next version, not since their own writing', async () => {
    expect(await gone(['1', '2'], 90)).toEqual([[], 2]);
    const { report } = await compared({ from: from.slice(0, 2).concat(from.slice(4)), to: from, oldVersionDays: 90 });
    expect([report.equal, report.leftOut.expiring]).toEqual([true, 2]);
    expect(report.prefixes.from).toEqual(report.prefixes.to);
  });

  test('others are: what is not old for so long, what is current, and all where no rule removes any', async () => {
    expect(await gone(['3', '4', '5'], 90)).toEqual([['4', '3', '5'], 2]);
    expect(await gone(['1'], 400)).toEqual([['1'], 0]);
    expect(await gone(['1', '2'])).toEqual([['2', '1'], 0]);
  });
});
