import type { ParityRecord } from '../../documents/contract';

/** Names a version, or the mark of a deletion. */
export interface VersionId {
  readonly key: string;
  readonly versionId: string;
}

/** What is compared of a version. */
export interface StoredVersion extends VersionId {
  readonly isDeletion: boolean;
  readonly size: number;
  /** With its algorithm; absent where S3 has none, or was not asked yet. */
  readonly checksum?: string;
}

/** One version of a document as S3 lists it, or the mark of its deletion. */
export interface DocumentSeen extends StoredVersion {
  /** When the original was written, epoch milliseconds: a copy has the same time. */
  readonly writtenAtMs: number;
  readonly isLatest: boolean;
}

/** A version that is not the same in both regions, and why. */
export interface ParityDifference {
  readonly key: string;
  readonly versionId: string;
  readonly why: string;
}

/** What is below one first part of the keys, in one region. */
export interface PrefixCount {
  readonly prefix: string;
  readonly versions: number;
  readonly deletions: number;
  readonly bytes: number;
  /** SHA-256 over keys, version IDs and checksums, in their order. */
  readonly digest: string;
}

/** A job of S3 Batch Replication as S3 describes it. */
export interface CopyProgress {
  /** `Complete`, `Failed`, `Cancelled`, or one of the states before. */
  readonly state: string;
  readonly total: number;
  readonly copied: number;
  readonly failed: number;
  readonly why?: string;
}

/** One of the two regions. */
export type DocumentSide = 'from' | 'to';

export interface BackfillPorts {
  startJob(): Promise<string>;
  job(id: string): Promise<CopyProgress>;
  /** All versions and delete markers of a region. */
  versions(side: DocumentSide): Promise<readonly DocumentSeen[]>;
  /** A version as it is now, with its checksum; undefined when it is not there. */
  look(side: DocumentSide, version: VersionId): Promise<StoredVersion | undefined>;
  /** After how many days the first region's lifecycle rule removes an old version; undefined: never. */
  oldVersionDays(): Promise<number | undefined>;
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
  /** A version may be on its way for so long after it was written, and a difference counts that stays for so long, seconds. */
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
  /** Versions that were not compared: too new to have arrived, or old ones that the lifecycle rule removes about now. */
  readonly leftOut: { readonly onTheWay: number; readonly expiring: number };
  readonly prefixes: { readonly from: readonly PrefixCount[]; readonly to: readonly PrefixCount[] };
  readonly differences: readonly ParityDifference[];
}
