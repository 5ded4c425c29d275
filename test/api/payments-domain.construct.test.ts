import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import {
  ActiveActivePaymentsApi,
  LedgerReplica,
  PaymentsAuthorization,
  PaymentsDomainProps,
  PublicNameRecords,
  RecoveryBudgetProps,
} from '../../src/index';
import { newStack, regions } from '../cdk/stacks';

function withDomain(
  props: (stack: Stack) => Partial<PaymentsDomainProps> = () => ({}),
  recovery?: RecoveryBudgetProps,
  stack = newStack('us-west-2'),
): Template {
  const hostedZone = HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.com' });
  const certificate = Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:us-west-2:111122223333:certificate/1');
  new ActiveActivePaymentsApi(stack, 'Api', {
    ledger: LedgerReplica.of(stack, 'acme-pay', regions),
    authorization: PaymentsAuthorization.iam(),
    domain: { name: 'pay.example.com', hostedZone, certificate, ...props(stack) },
    recovery,
  });
  return Template.fromStack(stack);
}

const mutualTls = (stack: Stack) => ({
  trustStoreBucket: Bucket.fromBucketName(stack, 'Trust', 'trust'),
  trustStoreKey: 'ca.pem',
  trustStoreVersion: 'v1',
});

describe('the default domain', () => {
  const template = withDomain();

  test('is a regional name with TLS 1.2', () => {
    template.hasResourceProperties('AWS::ApiGateway::DomainName', {
      DomainName: 'pay.example.com',
      SecurityPolicy: 'TLS_1_2',
      EndpointConfiguration: { Types: ['REGIONAL'] },
    });
    template.resourceCountIs('AWS::ApiGateway::BasePathMapping', 1);
  });

  test('is a CNAME by latency with a short TTL and a health check, not an alias', () => {
    const [record] = Object.values(template.findResources('AWS::Route53::RecordSet'));
    expect(record.Properties).toMatchObject({
      Name: 'pay.example.com.',
      Type: 'CNAME',
      TTL: '5',
      Region: 'us-west-2',
      SetIdentifier: 'acme-pay-us-west-2',
    });
    expect(record.Properties).not.toHaveProperty('AliasTarget');
    expect(record.Properties.HealthCheckId).toEqual({ Ref: Object.keys(template.findResources('AWS::Route53::HealthCheck'))[0] });
  });

  test("is checked through this region's own address", () => {
    const [check] = Object.values(template.findResources('AWS::Route53::HealthCheck'));
    const [api] = Object.keys(template.findResources('AWS::ApiGateway::RestApi'));
    const [stage] = Object.keys(template.findResources('AWS::ApiGateway::Stage'));
    expect(check.Properties.HealthCheckConfig).toMatchObject({
      Type: 'HTTPS',
      RequestInterval: 10,
      FailureThreshold: 1,
      FullyQualifiedDomainName: { 'Fn::Join': ['', [{ Ref: api }, '.execute-api.us-west-2.', { Ref: 'AWS::URLSuffix' }]] },
      ResourcePath: {
        'Fn::Join': ['', ['/', { Ref: stage }, '/health/', { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] }]],
      },
    });
    template.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: false });
  });
});

test('the recovery budget decides interval, threshold and TTL', () => {
  const template = withDomain(undefined, {
    target: Duration.minutes(3),
    healthCheckInterval: Duration.seconds(30),
    failureThreshold: 2,
    recordTtl: Duration.seconds(60),
  });
  template.hasResourceProperties('AWS::Route53::HealthCheck', { HealthCheckConfig: { RequestInterval: 30, FailureThreshold: 2 } });
  template.hasResourceProperties('AWS::Route53::RecordSet', { TTL: '60' });
});

describe("who owns the name's records", () => {
  test('in handover they stay when they leave the stack', () => {
    const [record] = Object.values(withDomain(() => ({ records: PublicNameRecords.HANDOVER })).findResources('AWS::Route53::RecordSet'));
    expect(record).toMatchObject({ DeletionPolicy: 'Retain', Properties: { Region: 'us-west-2' } });
  });

  test('with a cutover the region makes none', () => {
    withDomain(() => ({ records: PublicNameRecords.CUTOVER })).resourceCountIs('AWS::Route53::RecordSet', 0);
  });

  test('without one nobody asks the region where it is', () => {
    withDomain().resourceCountIs('AWS::SSM::Parameter', 0);
  });

  test.each([PublicNameRecords.HANDOVER, PublicNameRecords.CUTOVER])(
    "with %s the region says where it is, for the cutover's stack comes between them",
    (records) => {
      const template = withDomain(() => ({ records }));
      const [check] = Object.keys(template.findResources('AWS::Route53::HealthCheck'));
      const [name] = Object.keys(template.findResources('AWS::ApiGateway::DomainName'));
      template.hasResourceProperties('AWS::SSM::Parameter', {
        Name: '/acme-pay/cutover/region-address',
        Value: {
          'Fn::Join': ['', ['{"value":"', { 'Fn::GetAtt': [name, 'RegionalDomainName'] }, '","healthCheckId":"', { Ref: check }, '"}']],
        },
      });
    },
  );
});

test("client certificates switch the API's own address off, and need a health check of the team's own", () => {
  const template = withDomain((stack) => ({ mutualTls: mutualTls(stack), healthCheckId: 'own-check' }));
  template.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: true });
  template.hasResourceProperties('AWS::ApiGateway::DomainName', { MutualTlsAuthentication: { TruststoreVersion: 'v1' } });
  template.hasResourceProperties('AWS::Route53::RecordSet', { HealthCheckId: 'own-check' });
  template.resourceCountIs('AWS::Route53::HealthCheck', 0);
});

test.each<[string, (stack: Stack) => Partial<PaymentsDomainProps>]>([
  [
    "'domain.name' is 'example.com', the apex of its zone; allowed: a name below the zone, such as 'pay.example.com'",
    () => ({ name: 'example.com' }),
  ],
  ["'domain.name' is 'pay.example.org'; allowed: a name below the hosted zone 'example.com'", () => ({ name: 'pay.example.org' })],
  [
    "'domain.certificate' is in us-east-1; allowed: the stack's region us-west-2 and account 111122223333: a regional domain takes " +
      "no certificate of another region or account; fix: give each region's stack one of its own",
    (stack) => ({ certificate: Certificate.fromCertificateArn(stack, 'Other', 'arn:aws:acm:us-east-1:111122223333:certificate/1') }),
  ],
  ["'domain.mutualTls' is set without healthCheckId", (stack) => ({ mutualTls: mutualTls(stack) })],
])('%s', (message, props) => {
  expect(() => withDomain(props)).toThrow(`[Stack/Api] ${message}`);
});
