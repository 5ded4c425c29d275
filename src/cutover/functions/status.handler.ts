import { recordPorts } from './environment.aws';
import { statusEnv, StatusPlan } from '../contract';
import { CutoverStatus, cutoverStatus } from '../report/status.service';

const { log } = recordPorts(process.env);
const plan = JSON.parse(statusEnv.read(process.env).plan) as StatusPlan;

/** Tells how things stand, to whoever may ask; whatever it is sent changes nothing. */
export async function handler(): Promise<CutoverStatus> {
  return cutoverStatus(log, plan);
}
