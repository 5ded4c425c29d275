/** A pipeline's layout: the whole example in each of two stages, an account each, under one name. */
import { App, Stage } from 'aws-cdk-lib';
import { config } from '../../../../examples/active-active/config';
import { defineSystem } from '../../../../examples/active-active/stacks';

const app = new App();
for (const [id, account] of [
  ['Beta', '111122223333'],
  ['Prod', '444455556666'],
]) {
  defineSystem(new Stage(app, id, { env: { account } }), { ...config, account });
}
app.synth();
