import { AccountClient, GetRegionOptStatusCommand } from '@aws-sdk/client-account';
import { ACMClient, DescribeCertificateCommand, ResourceNotFoundException as CertificateNotFound } from '@aws-sdk/client-acm';
import { CloudFormationClient, DescribeStacksCommand, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, DynamoDBClient, paginateListTables, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { DescribeKeyCommand, KMSClient, NotFoundException } from '@aws-sdk/client-kms';
import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetAccountLimitCommand, GetHostedZoneCommand, NoSuchHostedZone, Route53Client } from '@aws-sdk/client-route-53';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeSecretCommand, ResourceNotFoundException as SecretNotFound, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { GetTopicAttributesCommand, NotFoundException as TopicNotFound, SNSClient } from '@aws-sdk/client-sns';
import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import type { OwnedResource, PreflightPorts, SecretState } from './model';
import { clock } from '../../runtime/clock';
import { callerIdentity, regionSettings, RegionSettings, statusOf, unlessAbsent } from '../account.aws';

/** Services that AWS has once for an account, and the region that signs for them. */
const globalRegion = 'us-east-1';

/** The account of the credentials that the SDK finds. */
export function preflightAccount(endpointUrl?: string): Omit<PreflightPorts, 'delegatedTo'> {
  const byRegion = new Map<string, Clients>();
  /** One client a service and region: each opens connections of its own. */
  const clients = (region: string): Clients => {
    const known = byRegion.get(region) ?? new Clients(regionSettings(region, endpointUrl));
    byRegion.set(region, known);
    return known;
  };
  const quotas = new Map<string, Promise<number>>();
  return {
    ...clock,
    account: async (region) => (await callerIdentity(regionSettings(region, endpointUrl))).account,
    regionStatus: async (RegionName) =>
      (await clients(globalRegion).account.send(new GetRegionOptStatusCommand({ RegionName }))).RegionOptStatus ?? 'unknown',
    parameter: (region, Name) =>
      unlessAbsent(ParameterNotFound, async () => (await clients(region).ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value),
    stackStatus: (region, StackName) => stackStatus(clients(region).cloudformation, StackName),
    stackResources: (region, StackName) => stackResources(clients(region).cloudformation, StackName),
    exists: ({ kind, name, region }) => existing[kind](clients(region), name),
    secret: (region, name) => secretState(clients(region).secrets, name),
    topic: (region, TopicArn) =>
      unlessAbsent(TopicNotFound, async () => {
        const { Attributes = {} } = await clients(region).sns.send(new GetTopicAttributesCommand({ TopicArn }));
        const { SubscriptionsConfirmed = NaN, KmsMasterKeyId: key, Policy: policy } = Attributes;
        return { confirmed: valueOf(Number(SubscriptionsConfirmed), 'confirmed subscriptions'), key, policy };
      }),
    tableCount: async (region) => {
      let count = 0;
      for await (const { TableNames = [] } of paginateListTables({ client: clients(region).dynamodb }, {})) count += TableNames.length;
      return count;
    },
    quota: (region, code) => {
      const key = `${region} ${code}`;
      const [ServiceCode, QuotaCode] = code.split(' ');
      const asked =
        quotas.get(key) ??
        clients(region)
          .quotas.send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }))
          .then(({ Quota }) => valueOf(Quota?.Value, code));
      quotas.set(key, asked);
      return asked;
    },
    unreservedConcurrency: async (region) => {
      const { AccountLimit } = await clients(region).lambda.send(new GetAccountSettingsCommand({}));
      return valueOf(AccountLimit?.UnreservedConcurrentExecutions, 'unreserved concurrency');
    },
    healthChecks: async () => {
      const { Count, Limit } = await clients(globalRegion).route53.send(new GetAccountLimitCommand({ Type: 'MAX_HEALTH_CHECKS_BY_OWNER' }));
      return { used: valueOf(Count, 'health checks'), limit: valueOf(Limit?.Value, 'health checks') };
    },
    zone: (Id) =>
      unlessAbsent(NoSuchHostedZone, async () => {
        const { HostedZone, DelegationSet } = await clients(globalRegion).route53.send(new GetHostedZoneCommand({ Id }));
        return {
          name: HostedZone!.Name!,
          isPrivate: HostedZone?.Config?.PrivateZone === true,
          nameServers: DelegationSet?.NameServers ?? [],
        };
      }),
    certificate: (CertificateArn) =>
      unlessAbsent(CertificateNotFound, async () => {
        const { Certificate } = await clients(CertificateArn.split(':')[3]).acm.send(new DescribeCertificateCommand({ CertificateArn }));
        return { status: Certificate?.Status ?? 'unknown', notAfter: Certificate?.NotAfter };
      }),
  };
}

class Clients {
  public readonly account: AccountClient;
  public readonly ssm: SSMClient;
  public readonly secrets: SecretsManagerClient;
  public readonly cloudformation: CloudFormationClient;
  public readonly dynamodb: DynamoDBClient;
  public readonly s3: S3Client;
  public readonly kms: KMSClient;
  public readonly sns: SNSClient;
  public readonly lambda: LambdaClient;
  public readonly quotas: ServiceQuotasClient;
  public readonly route53: Route53Client;
  public readonly acm: ACMClient;

  public constructor(settings: RegionSettings) {
    this.account = new AccountClient(settings);
    this.ssm = new SSMClient(settings);
    this.secrets = new SecretsManagerClient(settings);
    this.cloudformation = new CloudFormationClient(settings);
    this.dynamodb = new DynamoDBClient(settings);
    this.s3 = new S3Client({ ...settings, forcePathStyle: settings.endpoint !== undefined });
    this.kms = new KMSClient(settings);
    this.sns = new SNSClient(settings);
    this.lambda = new LambdaClient(settings);
    this.quotas = new ServiceQuotasClient(settings);
    this.route53 = new Route53Client(settings);
    this.acm = new ACMClient(settings);
  }
}

function valueOf(value: number | undefined, what: string): number {
  if (value === undefined || Number.isNaN(value)) throw new Error(`AWS says no number for ${what}`);
  return value;
}

const secretState = (client: SecretsManagerClient, SecretId: string): Promise<SecretState | undefined> =>
  unlessAbsent(SecretNotFound, async () => {
    const { DeletedDate, VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
    return { isDeleted: DeletedDate !== undefined, hasValue: Object.values(VersionIdsToStages).flat().includes('AWSCURRENT') };
  });

/** CloudFormation has no error of its own for a stack that does not exist. */
const noStack = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ValidationError' && /does not exist/.test(error.message);

async function stackStatus(client: CloudFormationClient, StackName: string): Promise<string | undefined> {
  try {
    return (await client.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0]?.StackStatus;
  } catch (error) {
    if (noStack(error)) return undefined;
    throw error;
  }
}

async function stackResources(client: CloudFormationClient, StackName: string): Promise<readonly OwnedResource[]> {
  const owned: OwnedResource[] = [];
  try {
    for await (const { StackResourceSummaries = [] } of paginateListStackResources({ client }, { StackName })) {
      owned.push(
        ...StackResourceSummaries.flatMap(({ PhysicalResourceId: id, ResourceType: type = '' }) =>
          id === undefined ? [] : [{ type, id }],
        ),
      );
    }
  } catch (error) {
    if (!noStack(error)) throw error;
  }
  return owned;
}

const existing: Readonly<Record<'table' | 'bucket' | 'alias', (clients: Clients, name: string) => Promise<boolean>>> = {
  table: async ({ dynamodb }, TableName) =>
    (await unlessAbsent(ResourceNotFoundException, () => dynamodb.send(new DescribeTableCommand({ TableName })))) !== undefined,
  alias: async ({ kms }, KeyId) => (await unlessAbsent(NotFoundException, () => kms.send(new DescribeKeyCommand({ KeyId })))) !== undefined,
  // A bucket of another account, or in another region, takes the name too.
  bucket: async ({ s3 }, Bucket) => {
    try {
      await s3.send(new HeadBucketCommand({ Bucket }));
      return true;
    } catch (error) {
      const status = statusOf(error);
      if (status === 404) return false;
      if (status === 403 || status === 301) return true;
      throw error;
    }
  },
};
