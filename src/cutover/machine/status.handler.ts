import { recordPorts } from './aws';
import { CutoverStatus, cutoverStatus } from './status.service';
import { statusEnv, StatusPlan } from '../contract';

const { log } = recordPorts(process.env);
const plan = JSON.parse(statusEnv.read(process.env).plan) as StatusPlan;

/** Tells how things stand, to whoever may ask; whatever it is sent changes nothing. */
export async function handler(): Promise<CutoverStatus> {
  return cutoverStatus(log, plan);
}
