import { App } from 'aws-cdk-lib';
import { configOf, paceOf } from './config';
import { defineMigration } from './stacks';

const app = new App();
defineMigration(app, configOf(paceOf(app.node.tryGetContext('pace'))));
app.synth();
