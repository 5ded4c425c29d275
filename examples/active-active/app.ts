import { App } from 'aws-cdk-lib';
import { configOf, faultsOf, modeOf, partsOf, pythonRecorderOf, regionsOf, transportOf } from './config';
import { defineSystem } from './stacks';

const app = new App();
const asked = (name: string): unknown => app.node.tryGetContext(name);
const mode = modeOf(asked('mode'));
defineSystem(
  app,
  configOf(
    mode,
    transportOf(asked('transport')),
    regionsOf(mode, asked('replicas'), asked('witness'), asked('authority')),
    partsOf(asked('only'), faultsOf(asked('faults'))),
    pythonRecorderOf(asked('pythonRecorder')),
  ),
);
app.synth();
