import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone, IHostedZone } from 'aws-cdk-lib/aws-route53';
import { source, target } from './settings';
import {
  ActiveActivePaymentsApi,
  LedgerReplica,
  PaymentsAuthorization,
  PaymentsDomainProps,
  PublicNameRecords,
  RecoveryBudgetProps,
  WeightedRecords,
} from '../../src/index';
import { account, homeRegions, newApp } from '../cdk/stacks';

interface Region {
  readonly domain?: Partial<PaymentsDomainProps>;
  readonly recovery?: RecoveryBudgetProps;
  readonly systemName?: string;
  readonly account?: string;
}

const slow: RecoveryBudgetProps = { healthCheckInterval: Duration.seconds(30), target: Duration.minutes(1) };
const zoneIn = (stack: Stack): IHostedZone =>
  HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.com' });

function regionIn(app: App, region: string, { domain, recovery, systemName = 'acme-pay', account: owner = account }: Region = {}): Stack {
  const stack = new Stack(app, `${systemName}-${owner}-${region}`, { env: { account: owner, region } });
  new ActiveActivePaymentsApi(stack, 'Api', {
    ledger: LedgerReplica.of(stack, systemName, homeRegions),
    authorization: PaymentsAuthorization.iam(),
    domain: {
      name: 'pay.example.com',
      hostedZone: zoneIn(stack),
      certificate: Certificate.fromCertificateArn(stack, 'Certificate', `arn:aws:acm:${region}:${owner}:certificate/1`),
      records: PublicNameRecords.CUTOVER,
      ...domain,
    },
    recovery,
  });
  return stack;
}

function recordsIn(app: App): Stack {
  const stack = new Stack(app, 'Cutover', { env: { account, region: target } });
  new WeightedRecords(stack, 'Records', {
    systemName: 'acme-pay',
    source,
    target,
    publicName: 'pay.example.com',
    hostedZone: zoneIn(stack),
  });
  return stack;
}

/** What CloudFormation compares: properties as before are no Update. */
function pointsTo(stack: Stack): string | undefined {
  const [records] = Object.values(Template.fromStack(stack).findResources('Custom::WeightedRecords'));
  return (records.Properties as { pointsTo?: string }).pointsTo;
}

/** In one app: the regions' part first, unless their records are made before them. */
function inOneApp(regions: Readonly<Record<string, Region>>, recordsFirst = false): string | undefined {
  const app = newApp();
  const before = recordsFirst ? recordsIn(app) : undefined;
  for (const [region, given] of Object.entries(regions)) regionIn(app, region, given);
  return pointsTo(before ?? recordsIn(app));
}

const asItWas = inOneApp({ [source]: {}, [target]: {} });

test('what is deployed again as it was asks for nothing, in whatever order the app makes it', () => {
  expect(asItWas).toMatch(/^[0-9a-f]{64}$/);
  expect(inOneApp({ [source]: {}, [target]: {} })).toBe(asItWas);
  expect(inOneApp({ [target]: {}, [source]: {} }, true)).toBe(asItWas);
});

test.each<[string, Readonly<Record<string, Region>>]>([
  ["another interval of the source's health check, which replaces it", { [source]: { recovery: slow }, [target]: {} }],
  ["another interval of the target's", { [source]: {}, [target]: { recovery: slow } }],
  ['a health check of its own', { [source]: { domain: { healthCheckId: 'own' } }, [target]: {} }],
])('%s: CloudFormation is made to ask', (_what, regions) => {
  const changed = inOneApp(regions);
  expect(changed).toMatch(/^[0-9a-f]{64}$/);
  expect(changed).not.toBe(asItWas);
});

test('a region of another system or account is nothing of theirs', () => {
  const others = { [source]: { systemName: 'other', recovery: slow }, [target]: { account: '999999999999', recovery: slow } };
  expect(inOneApp(others)).toBeUndefined();
});

test('without a region in the app there is nothing to compare', () => expect(inOneApp({})).toBeUndefined());

test.each<[PublicNameRecords, string | undefined]>([
  [PublicNameRecords.CUTOVER, 'Retain'],
  [PublicNameRecords.HANDOVER, 'Retain'],
  // Its own record is changed in the same deployment, before CloudFormation cleans up.
  [PublicNameRecords.LATENCY, undefined],
])('a health check that is replaced with %s: what becomes of the old one is %s', (records, policy) => {
  const template = Template.fromStack(regionIn(newApp(), source, { domain: { records } }));
  const [check] = Object.values(template.findResources('AWS::Route53::HealthCheck'));
  expect([check.UpdateReplacePolicy, check.DeletionPolicy]).toEqual([policy, policy && 'Delete']);
});
