import { randomUUID } from 'node:crypto';
import { HeadObjectCommand, ListObjectVersionsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { DocumentSeen } from './domain';
import type { BackfillPorts, BackfillRequest, CopyProgress } from './service';
import { backfillPrefix, backfillRoleName, documentsBucketName, parityRecordName } from '../../documents/contract';
import { onwards } from '../../kernel/pages';
import { AwsRequest, signedRequest } from '../../runtime/aws-request';
import { awsAnswerBytes, boundedCall } from '../../runtime/bounded-call';
import { clock } from '../../runtime/clock';

export interface BackfillAccount extends Pick<BackfillRequest, 'systemName' | 'from' | 'to'> {
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
  const endpointOf = (region: string): string | undefined => endpointUrl?.replaceAll('{region}', region);
  const client = (region: string): S3Client =>
    new S3Client({ region, ...(endpointUrl === undefined ? {} : { endpoint: endpointOf(region), forcePathStyle: true }) });
  const clients = { from: client(from), to: client(to) };
  const call = async (request: Omit<AwsRequest, 'endpoint'>): Promise<string> => {
    const endpoint = endpointOf(request.region);
    const below = endpoint === undefined ? '' : new URL(endpoint).pathname.replace(/\/$/, '');
    const signed = await signedRequest({ ...request, endpoint, path: below + request.path }, () => clients.from.config.credentials());
    const { status, body } = await boundedCall(signed, { timeoutMs, bytes: awsAnswerBytes });
    if (status < 300) return body;
    throw new Error(`${request.service} in ${request.region} answered ${status}: ${textIn(body, 'Message') ?? body.slice(0, 200)}`);
  };
  const accountId = await callerAccount(call, from);
  const bucket = { from: documentsBucketName(systemName, accountId, from), to: documentsBucketName(systemName, accountId, to) };
  const control = { service: 's3', region: from, host: `${accountId}.s3-control.${from}.amazonaws.com` } as const;
  const named = { 'x-amz-account-id': accountId };
  return {
    ...clock,
    startJob: async () => {
      const headers = { ...named, 'content-type': 'application/xml' };
      const body = jobRequest(bucket.from, `arn:aws:iam::${accountId}:role/${backfillRoleName(systemName, from)}`, account);
      return textIn(await call({ ...control, method: 'POST', path: '/v20180820/jobs', headers, body }), 'JobId') ?? '';
    },
    job: async (id) => progressOf(await call({ ...control, method: 'GET', path: `/v20180820/jobs/${id}`, headers: named })),
    versions: (side) => versionsOf(clients[side], bucket[side]),
    checksum: (side, key, versionId) => checksumOf(clients[side], bucket[side], key, versionId),
    writeReport: async (name, text) => {
      const Key = `${backfillPrefix}${name}`;
      await clients.from.send(new PutObjectCommand({ Bucket: bucket.from, Key, Body: text, ContentType: 'application/json' }));
      return `s3://${bucket.from}/${Key}`;
    },
    writeRecord: async (record) => {
      await call({
        service: 'ssm',
        region: to,
        method: 'POST',
        path: '/',
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.PutParameter' },
        body: JSON.stringify({
          Name: parityRecordName(systemName, account),
          Value: JSON.stringify(record),
          Type: 'String',
          Overwrite: true,
        }),
      });
    },
  };
}

async function callerAccount(call: (request: Omit<AwsRequest, 'endpoint'>) => Promise<string>, region: string): Promise<string> {
  const answer = await call({
    service: 'sts',
    region,
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  });
  const accountId = textIn(answer, 'Account');
  if (accountId === undefined) throw new Error(`sts in ${region} did not say whose credentials these are`);
  return accountId;
}

/** S3 makes the list: what the rules are for, and was never copied or failed. Names have passed the command's checks. */
function jobRequest(bucket: string, role: string, { from, to }: BackfillAccount): string {
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
    '<ObjectReplicationStatuses><member>NONE</member><member>FAILED</member></ObjectReplicationStatuses></Filter>',
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
    for (const { Key, VersionId, Size = 0 } of page.Versions ?? []) {
      all.push({ key: Key!, versionId: VersionId!, isDeletion: false, size: Size });
    }
    for (const { Key, VersionId } of page.DeleteMarkers ?? []) all.push({ key: Key!, versionId: VersionId!, isDeletion: true, size: 0 });
    from = next(page.IsTruncated ? [page.NextKeyMarker!, page.NextVersionIdMarker] : undefined);
  } while (from);
  return all;
}

async function checksumOf(client: S3Client, Bucket: string, Key: string, VersionId: string): Promise<string | undefined> {
  const head = await client.send(new HeadObjectCommand({ Bucket, Key, VersionId, ChecksumMode: 'ENABLED' }));
  const { ChecksumCRC64NVME, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA1, ChecksumSHA256 } = head;
  const known = { ChecksumCRC64NVME, ChecksumCRC32, ChecksumCRC32C, ChecksumSHA1, ChecksumSHA256 };
  const [found] = Object.entries(known).filter(([, value]) => value !== undefined);
  return found?.join('=');
}
