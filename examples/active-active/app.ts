import { App } from 'aws-cdk-lib';
import { configOf, modeOf } from './config';
import { defineSystem } from './stacks';

const app = new App();
defineSystem(app, configOf(modeOf(app.node.tryGetContext('mode'))));
app.synth();
