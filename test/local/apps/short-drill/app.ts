/** The active-active example with one drill that takes less time, and tells a person. */
import { App, Duration } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { configOf, partsOf } from '../../../../examples/active-active/config';
import { defineSystem } from '../../../../examples/active-active/stacks';
import { RegionDrill } from 'cdk-multi-region-payments';

const app = new App();
const config = configOf('STRONG', 'RULES', undefined, partsOf('none'));
const stack = defineSystem(app, config).find(({ region }) => region === 'us-west-2')!;
const topic = new Topic(stack, 'Drills', { enforceSSL: true });
topic.addSubscription(new EmailSubscription('ada@example.com'));
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
app.synth();
