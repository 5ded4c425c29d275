import { App } from 'aws-cdk-lib';
import { config } from './config';
import { defineSystem } from './stacks';

const app = new App();
defineSystem(app, config);
app.synth();
