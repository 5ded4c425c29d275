import { App } from 'aws-cdk-lib';
import { configOf, paceOf, regionsOf } from './config';
import { defineMigration } from './stacks';
import { modeOf, partsOf } from '../active-active/config';

const app = new App();
const asked = (name: string): unknown => app.node.tryGetContext(name);
const mode = modeOf(asked('mode') ?? 'HOME_REGION');
defineMigration(app, configOf(paceOf(asked('pace')), mode, regionsOf(mode, asked('replicas'), asked('witness')), partsOf(asked('only'))));
app.synth();
