import { App } from 'aws-cdk-lib';
import { configOf, modeOf, transportOf } from './config';
import { defineSystem } from './stacks';

const app = new App();
defineSystem(app, configOf(modeOf(app.node.tryGetContext('mode')), transportOf(app.node.tryGetContext('transport'))));
app.synth();
