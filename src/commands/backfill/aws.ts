import { randomUUID } from 'node:crypto';
import {
  DeleteMarkerEntry,
  GetBucketLifecycleConfigurationCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import type { BackfillPorts, BackfillRequest, CopyProgress, DocumentSeen, StoredVersion, VersionId } from './model';
import { backfillPrefix, backfillRoleName, documentsBucketName, parityRecordName } from '../../documents/contract';
import { onwards } from '../../kernel/pages';
import { AwsRequest, signedRequest } from '../../runtime/aws-request';
import { awsAnswerBytes, boundedCall } from '../../runtime/bounded-call';
import { clock } from '../../runtime/clock';
import { callerIdentity, regionSettings, statusOf } from '../account.aws';

export interface BackfillAccount extends Pick<BackfillRequest, 'systemName' | 'from' | 'to' | 'isNewRegion'> {
  /** Endpoints of AWS's services that differ from AWS's own; `{region}` stands for the region. */
  readonly endpointUrl?: string;
}

const timeoutMs = 15_000;

/** Text of an element that AWS's answer has once, without children; undefined when there is none. */
function textIn(xml: string, name: string): string | undefined {
  const at = xml.indexOf(`<${name}>`);
  if (at < 0) return undefined;
  const text = xml.slice(at + name.length + 2);
  const end = text.indexOf('<');
  return text.startsWith(`</${name}>`, end) ? text.slice(0, end) : undefined;
}

/** The account of the credentials that the SDK finds. */
export async function backfillAccount(account: BackfillAccount): Promise<Omit<BackfillPorts, 'say'>> {
  const { systemName, from, to, endpointUrl } = account;
  const client = (region: string): S3Client =>
    new S3Client({ ...regionSettings(region, endpointUrl), forcePathStyle: endpointUrl !== undefined });
  const clients = { from: client(from), to: client(to) };
  const ssm = new SSMClient(regionSettings(to, endpointUrl));
  const { account: accountId } = await callerIdentity(regionSettings(from, endpointUrl));
  const control = { service: 's3', region: from, host: `${accountId}.s3-control.${from}.amazonaws.com` } as const;
  const { endpoint } = regionSettings(from, endpointUrl);
  /** S3's control plane has no client here: two calls are all that is asked of it. */
  const call = async (request: Pick<AwsRequest, 'method' | 'path' | 'headers' | 'body'>): Promise<string> => {
    const below = endpoint === undefined ? '' : new URL(endpoint).pathname.replace(/\/$/, '');
    const signed = await signedRequest({ ...control, ...request, endpoint, path: below + request.path }, () =>
      clients.from.config.credentials(),
    );
    const { status, body } = await boundedCall(signed, { timeoutMs, bytes: awsAnswerBytes });
    if (status < 300) return body;
    throw new Error(`S3 in ${from} answered ${status}: ${textIn(body, 'Message') ?? body.slice(0, 200)}`);
  };
  const bucket = { from: documentsBucketName(systemName, accountId, from), to: documentsBucketName(systemName, accountId, to) };
  const named = { 'x-amz-account-id': accountId };
  return {
    ...clock,
    startJob: async () => {
      const headers = { ...named, 'content-type': 'application/xml' };
      const body = jobRequest(bucket.from, `arn:aws:iam::${accountId}:role/${backfillRoleName(systemName, from)}`, account);
      return textIn(await call({ method: 'POST', path: '/v20180820/jobs', headers, body }), 'JobId') ?? '';
    },
    job: async (id) => progressOf(await call({ method: 'GET', path: `/v20180820/jobs/${id}`, headers: named })),
    versions: (side) => versionsOf(clients[side], bucket[side]),
    look: (side, version) => lookAt(clients[side], bucket[side], version),
    oldVersionDays: () => oldVersionDays(clients.from, bucket.from),
    writeReport: async (name, text) => {
      const Key = `${backfillPrefix}${name}`;
      await clients.from.send(new PutObjectCommand({ Bucket: bucket.from, Key, Body: text, ContentType: 'application/json' }));
      return `s3://${bucket.from}/${Key}`;
    },
    writeRecord: async (record) => {
      const Name = parityRecordName(systemName, account);
      await ssm.send(new PutParameterCommand({ Name, Value: JSON.stringify(record), Type: 'String', Overwrite: true }));
    },
  };
}

/**
 * S3 makes the list: what the rules are for, and was never copied or failed. For a new region what was copied elsewhere and what came as a
 * copy too: the status of a version is one for all its destinations. Names have passed the command's checks.
 */
function jobRequest(bucket: string, role: string, { from, to, isNewRegion }: BackfillAccount): string {
  const place = `<ExpectedManifestBucketOwner>${role.split(':')[4]}</ExpectedManifestBucketOwner>`;
  const bucketArn = `arn:aws:s3:::${bucket}`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<CreateJobRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">',
    '<ConfirmationRequired>false</ConfirmationRequired>',
    '<Operation><S3ReplicateObject></S3ReplicateObject></Operation>',
    `<Report><Bucket>${bucketArn}</Bucket><Format>Report_CSV_20180820</Format><Enabled>true</Enabled>`,
    `<Prefix>${backfillPrefix}jobs</Prefix><ReportScope>FailedTasksOnly</ReportScope></Report>`,
    `<ClientRequestToken>${randomUUID()}</ClientRequestToken>`,
    `<Description>documents from ${from} to ${to}</Description>`,
    '<Priority>10</Priority>',
    `<RoleArn>${role}</RoleArn>`,
    `<ManifestGenerator><S3JobManifestGenerator><SourceBucket>${bucketArn}</SourceBucket>`,
    `<ManifestOutputLocation>${place}<Bucket>${bucketArn}</Bucket><ManifestPrefix>${backfillPrefix}manifests</ManifestPrefix>`,
    '<ManifestFormat>S3InventoryReport_CSV_20211130</ManifestFormat></ManifestOutputLocation>',
    '<Filter><EligibleForReplication>true</EligibleForReplication>',
    '<ObjectReplicationStatuses><member>NONE</member><member>FAILED</member>',
    isNewRegion ? '<member>COMPLETED</member><member>REPLICA</member>' : '',
    '</ObjectReplicationStatuses></Filter>',
    '<EnableManifestOutput>true</EnableManifestOutput></S3JobManifestGenerator></ManifestGenerator>',
    '</CreateJobRequest>',
  ].join('');
}

function progressOf(answer: string): CopyProgress {
  const count = (name: string): number => Number(textIn(answer, name) ?? 0);
  return {
    state: textIn(answer, 'Status') ?? 'unknown',
    total: count('TotalNumberOfTasks'),
    copied: count('NumberOfTasksSucceeded'),
    failed: count('NumberOfTasksFailed'),
    ...(textIn(answer, 'FailureReason') === undefined ? {} : { why: textIn(answer, 'FailureReason') }),
  };
}

async function versionsOf(client: S3Client, Bucket: string): Promise<readonly DocumentSeen[]> {
  const all: DocumentSeen[] = [];
  const next = onwards<readonly [string, string | undefined]>(`the versions of ${Bucket}`);
  let from: readonly [string, string | undefined] | undefined;
  do {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket, KeyMarker: from?.[0], VersionIdMarker: from?.[1] }));
    const seen = ({ Key, VersionId, LastModified, IsLatest }: DeleteMarkerEntry, isDeletion: boolean, size: number): DocumentSeen => {
      return { key: Key!, versionId: VersionId!, isDeletion, size, writtenAtMs: LastModified!.getTime(), isLatest: IsLatest === true };
    };
    for (const one of page.Versions ?? []) all.push(seen(one, false, one.Size ?? 0));
    for (const one of page.DeleteMarkers ?? []) all.push(seen(one, true, 0));
    from = next(page.IsTruncated ? [page.NextKeyMarker!, page.NextVersionIdMarker] : undefined);
  } while (from);
  return all;
}

async function lookAt(client: S3Client, Bucket: string, { key, versionId }: VersionId): Promise<StoredVersion | undefined> {
  try {
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: key, VersionId: versionId, ChecksumMode: 'ENABLED' }));
    const { ChecksumCRC64NVME, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA1, ChecksumSHA256 } = head;
    const known = { ChecksumCRC64NVME, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA1, ChecksumSHA256 };
    const [first] = Object.entries(known).filter(([, value]) => value !== undefined);
    return { key, versionId, isDeletion: false, size: head.ContentLength ?? 0, checksum: first?.join('=') };
  } catch (error) {
    // S3 has no head of a delete marker: it answers that the method is not allowed.
    if (statusOf(error) === 405) return { key, versionId, isDeletion: true, size: 0 };
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

async function oldVersionDays(client: S3Client, Bucket: string): Promise<number | undefined> {
  try {
    const { Rules: rules = [] } = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    const days = rules.flatMap(({ Status, NoncurrentVersionExpiration: end }) => (Status === 'Enabled' ? (end?.NoncurrentDays ?? []) : []));
    return days.length === 0 ? undefined : Math.min(...days);
  } catch (error) {
    // There is no rule at all.
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
