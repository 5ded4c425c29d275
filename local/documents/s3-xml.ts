import type { CopyRule, CopyStatus, DocumentBucket, DocumentVersion } from './bucket';
import type { CopyJob } from './jobs';
import { child, childrenOf, readXml, textOf, writeXml, type Content } from '../route53/xml';
import type { ServiceAnswer } from '../services/services';

/** S3's forms of requests and answers. */

const xml = (content: Content, status = 200): ServiceAnswer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${writeXml(content)}`),
});

export const s3Error = (status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): ServiceAnswer => {
  const answer = xml({ Error: { Code: code, Message: message } }, status);
  return { ...answer, headers: { ...answer.headers, ...headers } };
};

/** The rules of a replication configuration; undefined when it is none. */
export function rulesIn(body: Buffer): readonly CopyRule[] | undefined {
  const configuration = child(readXml(body.toString()), 'ReplicationConfiguration');
  if (!configuration) return undefined;
  return childrenOf(configuration, 'Rule').map((rule) => ({
    id: textOf(rule, 'ID') ?? '',
    isEnabled: textOf(rule, 'Status') === 'Enabled',
    destination: textOf(child(rule, 'Destination'), 'Bucket')?.split(':').pop() ?? '',
    copiesDeletions: textOf(child(rule, 'DeleteMarkerReplication'), 'Status') === 'Enabled',
    prefix: textOf(child(rule, 'Filter'), 'Prefix') ?? textOf(rule, 'Prefix') ?? '',
  }));
}

/** What a job is asked for; undefined when it is no Batch Replication with a list that S3 makes. */
export function jobIn(body: Buffer): { readonly bucket: string; readonly statuses: readonly CopyStatus[] } | undefined {
  const request = child(readXml(body.toString()), 'CreateJobRequest');
  const list = child(child(request, 'ManifestGenerator'), 'S3JobManifestGenerator');
  const filter = child(list, 'Filter');
  const asked = filter?.ObjectReplicationStatuses;
  const statuses = typeof asked === 'object' && !Array.isArray(asked) ? membersOf(asked) : [];
  const bucket = textOf(list, 'SourceBucket')?.split(':').pop();
  if (!childrenOf(child(request, 'Operation'), 'S3ReplicateObject').length || bucket === undefined || statuses.length === 0) {
    return undefined;
  }
  return { bucket, statuses: statuses as CopyStatus[] };
}

function membersOf(element: object): string[] {
  const { member, ObjectReplicationStatus: named = member } = element as Readonly<Record<string, unknown>>;
  return [named ?? []].flat().map(String);
}

export const jobAnswer = (job: CopyJob): ServiceAnswer =>
  xml({
    DescribeJobResult: {
      Job: {
        JobId: job.id,
        Status: job.state,
        ...(job.why === undefined
          ? {}
          : { FailureReasons: { member: [{ FailureCode: 'ManifestGenerationFailed', FailureReason: job.why }] } }),
        ProgressSummary: { TotalNumberOfTasks: job.total, NumberOfTasksSucceeded: job.succeeded, NumberOfTasksFailed: job.failed },
      },
    },
  });

export const startedAnswer = (job: CopyJob): ServiceAnswer => xml({ CreateJobResult: { JobId: job.id } });

export const rulesAnswer = ({ rules }: DocumentBucket): ServiceAnswer =>
  rules.length === 0
    ? s3Error(404, 'ReplicationConfigurationNotFoundError', 'the bucket has no rules')
    : xml({
        ReplicationConfiguration: {
          Rule: rules.map(({ id, isEnabled, destination, copiesDeletions, prefix }) => ({
            ID: id,
            Status: isEnabled ? 'Enabled' : 'Disabled',
            Filter: { Prefix: prefix },
            DeleteMarkerReplication: { Status: copiesDeletions ? 'Enabled' : 'Disabled' },
            Destination: { Bucket: `arn:aws:s3:::${destination}` },
          })),
        },
      });

export const lifecycleAnswer = ({ oldVersionDays }: DocumentBucket): ServiceAnswer =>
  oldVersionDays === undefined
    ? s3Error(404, 'NoSuchLifecycleConfiguration', 'the bucket has no lifecycle rule')
    : xml({
        LifecycleConfiguration: {
          Rule: [{ Status: 'Enabled', Filter: { Prefix: '' }, NoncurrentVersionExpiration: { NoncurrentDays: oldVersionDays } }],
        },
      });

export const versioningAnswer = (): ServiceAnswer => xml({ VersioningConfiguration: { Status: 'Enabled' } });

const timeOf = ({ at }: DocumentVersion): string => new Date(at).toISOString();

/** A page of all versions, behind a mark. */
export function versionsAnswer(bucket: DocumentBucket, query: URLSearchParams): ServiceAnswer {
  const most = Math.min(Number(query.get('max-keys') ?? 1000), 1000);
  const all = bucket.versions(query.get('prefix') ?? '');
  const [key, id] = [query.get('key-marker'), query.get('version-id-marker')];
  const at = key === null ? -1 : all.findIndex((one) => one.key === key && (id === null || one.versionId === id));
  const page = all.slice(at + 1, at + 1 + most);
  const isCut = at + 1 + most < all.length;
  const last = page[page.length - 1];
  const form = (version: DocumentVersion): Content => ({
    Key: version.key,
    VersionId: version.versionId,
    IsLatest: String(bucket.current(version.key) === version),
    LastModified: timeOf(version),
    ...(version.isDeletion ? {} : { ETag: `"${version.etag}"`, Size: version.body.length, StorageClass: 'STANDARD' }),
  });
  return xml({
    ListVersionsResult: {
      Name: bucket.name,
      IsTruncated: String(isCut),
      ...(isCut ? { NextKeyMarker: last.key, NextVersionIdMarker: last.versionId } : {}),
      Version: page.filter(({ isDeletion }) => !isDeletion).map(form),
      DeleteMarker: page.filter(({ isDeletion }) => isDeletion).map(form),
    },
  });
}

/** The documents that are there now. */
export function documentsAnswer(bucket: DocumentBucket, query: URLSearchParams): ServiceAnswer {
  const documents = bucket
    .versions(query.get('prefix') ?? '')
    .filter((version) => bucket.current(version.key) === version && !version.isDeletion);
  return xml({
    ListBucketResult: {
      Name: bucket.name,
      IsTruncated: 'false',
      KeyCount: documents.length,
      Contents: documents.map((version) => ({
        Key: version.key,
        LastModified: timeOf(version),
        ETag: `"${version.etag}"`,
        Size: version.body.length,
      })),
    },
  });
}
