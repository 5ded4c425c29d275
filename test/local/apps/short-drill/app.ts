/** The active-active example with one drill that takes less time, and tells a person; with the context value `kind=fault` by faults. */
import { App, Duration } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { configOf, partsOf } from '../../../../examples/active-active/config';
import { defineSystem } from '../../../../examples/active-active/stacks';
import { RegionDrill, RegionDrillKind, RegionFault } from 'cdk-multi-region-payments';

const app = new App();
const config = configOf('STRONG', 'RULES', undefined, partsOf('none'));
const stacks = defineSystem(app, config);
const stack = stacks.find(({ region }) => region === 'us-west-2')!;
const drilled = stacks.find(({ region }) => region === 'us-east-1')!;
const isFault = app.node.tryGetContext('kind') === 'fault';
if (isFault) new RegionFault(drilled, 'Fault', { api: drilled.api, mesh: drilled.mesh });
const topic = new Topic(stack, 'Drills', { enforceSSL: true });
topic.addSubscription(new EmailSubscription('ada@example.com'));
new RegionDrill(stack, 'Drill', {
  api: stack.api,
  mesh: stack.mesh,
  region: 'us-east-1',
  kind: isFault ? RegionDrillKind.FAULT : RegionDrillKind.DRAIN,
  publicName: config.domain.name,
  zoneName: config.domain.zoneName,
  prober: {
    tokenUrl: 'https://login.example.com/oauth2/token',
    clientSecret: Secret.fromSecretNameV2(stack, 'DrillClient', 'acme-pay/drill-client'),
  },
  topic,
  before: Duration.seconds(10),
  during: Duration.seconds(10),
});
app.synth();
