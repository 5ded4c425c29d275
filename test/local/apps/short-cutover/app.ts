/** The migration example with fewer phases and less patience, so that what goes wrong goes wrong soon. */
import { App, Duration } from 'aws-cdk-lib';
import { configOf } from '../../../../examples/migration/config';
import { defineMigration } from '../../../../examples/migration/stacks';

const app = new App();
const config = configOf('REHEARSAL');
/** A deployment in mid-cutover may change this. */
const recordTtl = Duration.seconds(Number(app.node.tryGetContext('recordTtl') ?? config.times.recordTtl.toSeconds()));
defineMigration(app, {
  ...config,
  phases: [50, 100],
  times: {
    ...config.times,
    recordTtl,
    approval: Duration.seconds(45),
    escalateAfter: Duration.seconds(30),
    controlPlaneLoss: { patience: Duration.seconds(15), every: Duration.seconds(3) },
  },
});
app.synth();
