/** The active-active example with one drill that takes less time, and tells a person; with `kind=fault` the example's own, by faults. */
import { App, Duration } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { configOf, partsOf } from '../../../../examples/active-active/config';
import { defineSystem, RegionStack } from '../../../../examples/active-active/stacks';
import { RegionDrill } from 'cdk-multi-region-payments';

const email = 'ada@example.com';
const app = new App();
const isFault = app.node.tryGetContext('kind') === 'fault';
const config = {
  ...configOf('STRONG', 'RULES', undefined, isFault ? partsOf('drill', 'BY_HAND') : partsOf('none')),
  drilledFrom: { 'us-east-1': 'us-west-2' },
};
const stacks = defineSystem(app, isFault ? { ...config, alarms: { email } } : config);
if (!isFault) drillShortly(stacks.find(({ region }) => region === 'us-west-2')!);
app.synth();

function drillShortly(stack: RegionStack): void {
  const topic = new Topic(stack, 'Drills', { enforceSSL: true });
  topic.addSubscription(new EmailSubscription(email));
  new RegionDrill(stack, 'Drill', {
    api: stack.api,
    mesh: stack.mesh,
    region: 'us-east-1',
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
}
