import { App, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Function } from 'aws-cdk-lib/aws-lambda';
import {
  ActiveActivePaymentsApi,
  CrossRegionEventMesh,
  IdempotentConsumer,
  IdempotentLedgerTable,
  LedgerOutbox,
  LedgerReplica,
  MeshTransport,
  PaymentRegions,
  PaymentsAuthorization,
} from 'cdk-multi-region-payments';

const app = new App({ analyticsReporting: false });
const env = { account: '111111111111', region: 'us-east-1' };
const systemName = 'acme-pay';
const regions = PaymentRegions.strong({ replicas: ['us-east-1', 'us-west-2'], witness: 'us-east-2' });

new IdempotentLedgerTable(new Stack(app, 'Ledger', { env }), 'Ledger', { systemName, regions });

const mesh = new CrossRegionEventMesh(new Stack(app, 'Mesh', { env }), 'Mesh', {
  systemName,
  regions: regions.replicas,
  transport: MeshTransport.rules(),
});

const stack = new Stack(app, 'Api', { env });
const ledger = LedgerReplica.of(stack, systemName, regions);
new LedgerOutbox(stack, 'Outbox', { ledger, mesh });
new IdempotentConsumer(stack, 'Consumer', {
  mesh,
  consumerName: 'orders',
  types: ['payment.captured'],
  handler: Function.fromFunctionName(stack, 'Orders', 'orders'),
});
new ActiveActivePaymentsApi(stack, 'Api', {
  ledger,
  authorization: PaymentsAuthorization.jwt({ issuer: 'https://login.example.com/', audience: ['payments'], tenantClaim: 'tenant' }),
  domain: {
    name: 'pay.example.com',
    hostedZone: HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z0123456789ABCDEFGHIJ', zoneName: 'example.com' }),
    certificate: Certificate.fromCertificateArn(
      stack,
      'Certificate',
      'arn:aws:acm:us-east-1:111111111111:certificate/00000000-0000-0000-0000-000000000000',
    ),
  },
});

app.synth();
