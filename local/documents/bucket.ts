import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What became of a version's copies, as S3 says it; `NONE` of one that no rule was there for, `REPLICA` of a copy. */
export type CopyStatus = 'NONE' | 'PENDING' | 'COMPLETED' | 'FAILED' | 'REPLICA';

/** One version of a document, or the mark of its deletion. A copy has the ID of its original. */
export interface DocumentVersion {
  readonly key: string;
  readonly versionId: string;
  /** When the original was written, epoch milliseconds. */
  readonly at: number;
  readonly isDeletion: boolean;
  readonly body: Buffer;
  readonly contentType: string;
  /** MD5 of the body, in hex. */
  readonly etag: string;
  /** In Base64, as S3 sends it. */
  readonly crc32: string;
  status: CopyStatus;
}

/** One rule of a bucket's replication configuration. */
export interface CopyRule {
  readonly id: string;
  readonly isEnabled: boolean;
  /** Name of the bucket that is copied to. */
  readonly destination: string;
  readonly copiesDeletions: boolean;
  readonly prefix: string;
}

/** A bucket with versions. */
export class DocumentBucket {
  public rules: readonly CopyRule[] = [];
  private readonly byKey = new Map<string, DocumentVersion[]>();

  constructor(
    public readonly name: string,
    public readonly region: string,
    /** After how many days its lifecycle rule removes an old version. Here none goes. */
    public readonly oldVersionDays?: number,
  ) {}

  public put(key: string, body: Buffer, contentType: string, at: number): DocumentVersion {
    return this.add({
      ...fresh(key, at),
      isDeletion: false,
      body,
      contentType,
      etag: createHash('md5').update(body).digest('hex'),
      crc32: checksum(body),
    });
  }

  /** Deletes by a mark: older versions stay. */
  public mark(key: string, at: number): DocumentVersion {
    return this.add({ ...fresh(key, at), isDeletion: true, body: Buffer.alloc(0), contentType: '', etag: '', crc32: '' });
  }

  /** Takes a copy. One that is there already stays as it is. */
  public accept(original: DocumentVersion): void {
    if (!this.version(original.key, original.versionId)) this.add({ ...original, status: 'REPLICA' });
  }

  /** Removes one version for good. False: there is none. */
  public remove(key: string, versionId: string): boolean {
    const versions = this.byKey.get(key) ?? [];
    const left = versions.filter((one) => one.versionId !== versionId);
    this.byKey.set(key, left);
    return left.length < versions.length;
  }

  public version(key: string, versionId: string): DocumentVersion | undefined {
    return this.byKey.get(key)?.find((one) => one.versionId === versionId);
  }

  public current(key: string): DocumentVersion | undefined {
    return this.byKey.get(key)?.[0];
  }

  /** All versions, by key, the newest of each first. */
  public versions(prefix = ''): readonly DocumentVersion[] {
    return [...this.byKey.keys()]
      .filter((key) => key.startsWith(prefix))
      .sort()
      .flatMap((key) => this.byKey.get(key)!);
  }

  private add(version: DocumentVersion): DocumentVersion {
    const versions = [...(this.byKey.get(version.key) ?? []), version];
    // By the originals' times: in the same order in each region.
    this.byKey.set(
      version.key,
      versions.sort((one, other) => other.at - one.at || (one.versionId < other.versionId ? 1 : -1)),
    );
    return version;
  }
}

let written = 0;

/** Versions of one millisecond are told apart by their order. */
function fresh(key: string, at: number): Pick<DocumentVersion, 'key' | 'versionId' | 'at' | 'status'> {
  written += 1;
  return { key, versionId: `${written.toString(36).padStart(8, '0')}${randomBytes(12).toString('hex')}`, at, status: 'NONE' };
}

function checksum(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString('base64');
}
