import { causeOf } from '../../kernel/cause';
import { AlarmReference } from '../contract';
import { AlarmState, CheckReads } from './model';

/** Alarms as far as they could be read. */
export interface AlarmSight {
  readonly states: readonly AlarmState[];
  /** Regions that gave no answer, with the cause. */
  readonly unread: readonly { readonly region: string; readonly cause: string }[];
}

/** The alarms' states, region by region: what one region says counts, also when another one does not answer. */
export async function alarmSight(reads: Pick<CheckReads, 'alarms'>, alarms: readonly AlarmReference[]): Promise<AlarmSight> {
  const byRegion = new Map<string, string[]>();
  for (const { region, name } of alarms) byRegion.set(region, [...(byRegion.get(region) ?? []), name]);
  const regions = [...byRegion];
  const answers = await Promise.allSettled(regions.map(async ([region, names]) => reads.alarms(region, names)));
  return {
    states: answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])),
    unread: answers.flatMap((answer, at) =>
      answer.status === 'rejected' ? [{ region: regions[at][0], cause: causeOf(answer.reason) }] : [],
    ),
  };
}
