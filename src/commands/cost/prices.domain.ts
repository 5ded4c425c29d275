/**
 * What AWS charges, by region, in US dollars before tax, without free tiers and discounts. Nothing is fetched: an estimate is the same on
 * every machine, and its date is printed with it. To renew it: read the price list named at each line, change the line and `pricesAsOf`.
 */
export const pricesAsOf = '2026-11-29';

/** So many units at this price, and what is beyond at the next tier's. */
export interface PriceTier {
  readonly upTo: number;
  readonly dollars: number;
}

export interface Price {
  /** What is counted. */
  readonly unit: string;
  /** Tiers of units a month in one region, in dollars for each unit. */
  readonly tiers: readonly PriceTier[];
  /** Where the figure stands, and when it was there. */
  readonly source: string;
  /** False: no published page or price list with exactly this figure was at hand. */
  readonly isConfirmed: boolean;
}

const million = 1_000_000;
const flat = (dollars: number): readonly PriceTier[] => [{ upTo: Infinity, dollars }];
const price = (unit: string, tiers: number | readonly PriceTier[], source: string, isConfirmed = true): Price => ({
  unit,
  tiers: typeof tiers === 'number' ? flat(tiers) : tiers,
  source,
  isConfirmed,
});
const perMillion = (unit: string, dollars: number, source: string, isConfirmed = true): Price =>
  price(unit, dollars / million, source, isConfirmed);
/** Not seen for this region: another region's figure. */
const likeUsEast1 = 'the figure of us-east-1, not confirmed for this region';

const dynamo = 'AWS Price List, AmazonDynamoDB';
const lambda = 'AWS Price List, AWSLambda; tiers: aws.amazon.com/blogs/compute/introducing-tiered-pricing-for-aws-lambda';
const restTiers = 'docs.aws.amazon.com/whitepapers, API Gateway private APIs, table 4: REST';
const route53 = 'AWS Price List, AmazonRoute53, 2026-10-01';
const replicated = 'aws.amazon.com/dynamodb/pricing: since November 2024 a replicated write unit costs what a plain one does';

/** The same in every region that is listed. */
const everywhere = {
  lambdaRequest: perMillion('invocation', 0.2, lambda),
  lambdaSecond: price(
    'GB-second, arm64',
    [
      { upTo: 7.5e9, dollars: 0.0000133334 },
      { upTo: 18.75e9, dollars: 0.0000133334 * 0.9 },
      { upTo: Infinity, dollars: 0.0000133334 * 0.8 },
    ],
    lambda,
  ),
  lambdaSecondX86: price(
    'GB-second, x86',
    [
      { upTo: 6e9, dollars: 0.0000166667 },
      { upTo: 15e9, dollars: 0.0000166667 * 0.9 },
      { upTo: Infinity, dollars: 0.0000166667 * 0.8 },
    ],
    'aws.amazon.com/lambda/pricing, as cited in 2024; seen in no price list',
    false,
  ),
  stateTransition: price(
    'state transition of a standard workflow',
    0.025 / 1_000,
    'aws.amazon.com/step-functions/pricing, table by region, read 2026-11-30',
  ),
  faultMinute: price('minute of an action of FIS', 0.1, 'aws.amazon.com/fis/pricing, read 2026-11-30: in every region but GovCloud'),
  sqsRequest: perMillion('request', 0.4, 'AWS Price List, AWSQueueService, 2026-10-08; eu-central-1 2026-09-11'),
  streamRead: perMillion('read by Lambda', 0, 'aws.amazon.com/dynamodb/pricing: reads of a stream by a Lambda trigger are free'),
  alarm: price('alarm a month', 0.1, 'AWS Price List, AmazonCloudWatch, 2026-08-31; eu-central-1 2026-09-11'),
  healthCheck: price('health check of an AWS endpoint a month', 0.5, route53),
  healthCheckOption: price('option of a health check a month (HTTPS, 10 s)', 1, route53),
};

const unitedStates = {
  ...everywhere,
  replicatedWrite: perMillion('replicated write unit', 0.625, replicated),
  write: perMillion('write unit', 0.625, `${dynamo}, 2026-09-11`),
  read: perMillion('read unit', 0.125, `${dynamo}, 2026-09-11`),
  storage: price('GB a month', 0.25, `${dynamo}, 2026-10-08`),
  recovery: price('GB a month, recovery to a point in time', 0.2, `${dynamo}, 2026-10-08`),
  provisionedWrite: price('write capacity unit an hour', 0.00065, `${dynamo}, 2026-10-08`),
  apiCall: price(
    'call of a REST API',
    [
      { upTo: 333 * million, dollars: 3.5 / million },
      { upTo: 1_000 * million, dollars: 2.8 / million },
      { upTo: 20_000 * million, dollars: 2.38 / million },
      { upTo: Infinity, dollars: 1.51 / million },
    ],
    restTiers,
  ),
  event: perMillion('custom event of up to 64 KB', 1, 'AWS Price List, AWSEvents, 2026-10-08'),
  crossRegionEvent: perMillion('event delivered to another region', 1, 'as a custom event; the price list names no line of its own', false),
  archived: price('GB archived', 0.1, 'aws.amazon.com/eventbridge/pricing, as cited in March 2026', false),
  archive: price('GB a month in an archive', 0.023, 'aws.amazon.com/eventbridge/pricing, as cited in March 2026', false),
  functionLog: price(
    'GB of function logs',
    [
      { upTo: 10_240, dollars: 0.5 },
      { upTo: 30_720, dollars: 0.25 },
      { upTo: 51_200, dollars: 0.1 },
      { upTo: Infinity, dollars: 0.05 },
    ],
    'AWS Price List, AmazonCloudWatch, 2026-08-31; tiers of May 2025: aws.amazon.com/cloudwatch/pricing',
  ),
  accessLog: price('GB of access logs', 0.5, 'AWS Price List, AmazonCloudWatch, 2026-08-31'),
  logStorage: price('GB a month of logs', 0.03, 'AWS Price List, AmazonCloudWatch, 2026-08-31'),
  metric: price('metric a month', 0.3, 'AWS Price List, AmazonCloudWatch, 2026-08-31'),
  canaryRun: price(
    'run of a canary',
    0.0012,
    'aws.amazon.com/cloudwatch/pricing, Canaries: usage type CW:Canary-runs, as cited in 2026; the page at hand gave no table',
    false,
  ),
  trace: perMillion('trace recorded', 5, 'aws.amazon.com/xray/pricing'),
  key: price('key a month', 1, 'AWS Price List, awskms, 2026-08-31'),
  keyRequest: price('request to KMS', 0.03 / 10_000, 'AWS Price List, awskms, 2026-08-31'),
  transfer: price('GB to another region', 0.02, 'aws.amazon.com/ec2/pricing/on-demand, data transfer', false),
};

export type PriceName = keyof typeof unitedStates;
export type RegionPrices = Readonly<Record<PriceName, Price>>;

export const prices: Readonly<Record<string, RegionPrices>> = {
  'us-east-1': unitedStates,
  'us-west-2': {
    ...unitedStates,
    provisionedWrite: price('write capacity unit an hour', 0.00065, likeUsEast1, false),
    event: perMillion('custom event of up to 64 KB', 1, likeUsEast1, false),
    canaryRun: price('run of a canary', 0.0012, likeUsEast1, false),
  },
  'eu-central-1': {
    ...everywhere,
    replicatedWrite: perMillion('replicated write unit', 0.7625, `${replicated}; not confirmed for this region`, false),
    write: perMillion('write unit', 0.7625, `${dynamo}, 2026-09-11`),
    read: perMillion('read unit', 0.1525, `${dynamo}, 2026-09-11`),
    storage: price('GB a month', 0.306, `${dynamo}, 2026-09-11`),
    recovery: price('GB a month, recovery to a point in time', 0.2448, `${dynamo}, 2026-09-11`),
    provisionedWrite: price('write capacity unit an hour', 0.000793, 'aws.amazon.com/dynamodb/pricing/provisioned, not confirmed', false),
    apiCall: perMillion(
      'call of a REST API',
      3.7,
      'AWS Price List, AmazonApiGateway, 2026-08-12: first tier, taken for all: at most',
      false,
    ),
    event: perMillion('custom event of up to 64 KB', 1, likeUsEast1, false),
    crossRegionEvent: perMillion('event delivered to another region', 1, likeUsEast1, false),
    archived: price('GB archived', 0.1, likeUsEast1, false),
    archive: price('GB a month in an archive', 0.023, likeUsEast1, false),
    functionLog: price(
      'GB of function logs',
      0.63,
      'AWS Price List, AmazonCloudWatch, 2026-09-11: first tier, taken for all: at most',
      false,
    ),
    accessLog: price('GB of access logs', 0.63, 'AWS Price List, AmazonCloudWatch, 2026-09-11'),
    logStorage: price('GB a month of logs', 0.0324, 'AWS Price List, AmazonCloudWatch, 2026-09-11'),
    metric: price('metric a month', 0.3, likeUsEast1, false),
    // Dearer in other regions than in us-east-1: Tokyo's price list had 0.0019 in July 2026. Frankfurt's was not seen.
    canaryRun: price('run of a canary', 0.0012, `${likeUsEast1}, and probably dearer`, false),
    trace: perMillion('trace recorded', 5, likeUsEast1, false),
    key: price('key a month', 1, likeUsEast1, false),
    keyRequest: price('request to KMS', 0.03 / 10_000, likeUsEast1, false),
    transfer: price('GB to another region', 0.02, likeUsEast1, false),
  },
};

/** What so many units cost in a month. */
export function costOf({ tiers }: Price, units: number): number {
  let below = 0;
  let sum = 0;
  for (const { upTo, dollars } of tiers) {
    sum += Math.max(0, Math.min(units, upTo) - below) * dollars;
    below = upTo;
  }
  return sum;
}
