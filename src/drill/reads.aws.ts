import { DrillKind, drillMetrics, drillSchedule } from './contract';
import { kindOf, requestOf } from './domain';
import { DrillExecution, DrillStore, DrillTopic } from './ports';
import { snsSubject } from '../kernel/markup';
import { onwards } from '../kernel/pages';
import { cutoverName } from '../kernel/system-names';
import { describeExecution, isNoExecution } from '../runtime/executions';
import { objectStore } from '../runtime/object-store';
import { CallRefused, jsonCall, signedCall } from '../runtime/signed-call';

interface ListedExecution {
  readonly executionArn: string;
  readonly status: string;
  readonly startDate: number;
}

interface RaisedAlarm {
  readonly AlarmName: string;
  readonly AlarmDescription?: string;
  readonly MetricName?: string;
  readonly Metrics?: readonly object[];
}

interface AlarmPage {
  readonly MetricAlarms?: readonly RaisedAlarm[];
  readonly NextToken?: string;
}

/** Latest executions that are looked at: one runs at a time. */
const latest = 5;

/** A run's own things in its bucket. */
export function drillStore(region: string, bucket: string): DrillStore {
  const objects = objectStore(region, bucket);
  return {
    read: async <T>(key: string) => {
      const text = await objects.get(key);
      return text === undefined ? undefined : (JSON.parse(text) as T);
    },
    write: (key, text, type = 'application/json') => objects.put(key, text, type),
    // After a lost answer it is written once more, and finds its own.
    claim: async (key, text) => (await objects.putNew(key, text, 'application/json')) || (await objects.get(key)) === text,
  };
}

export function drillTopic(region: string, topicArn: string): DrillTopic {
  return {
    tell: async (subject, text) => {
      const form = new URLSearchParams({
        Action: 'Publish',
        Version: '2010-03-31',
        TopicArn: topicArn,
        Subject: snsSubject(subject),
        Message: text,
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      await signedCall({ service: 'sns', region, method: 'POST', path: '/', headers, body: form.toString() });
    },
  };
}

async function listed(region: string, stateMachineArn: string, more: object): Promise<readonly ListedExecution[]> {
  const request = { stateMachineArn, maxResults: latest, ...more };
  return (await jsonCall<{ executions: ListedExecution[] }>('states', region, 'AWSStepFunctions.ListExecutions', request)).executions;
}

/** The latest executions of a drill's state machine, newest first, and every other one that runs. */
export async function drillExecutions(region: string, stateMachineArn: string, planned?: DrillKind): Promise<DrillExecution[]> {
  const [newest, running] = await Promise.all([
    listed(region, stateMachineArn, {}),
    listed(region, stateMachineArn, { statusFilter: 'RUNNING', maxResults: 100 }),
  ]);
  const others = running.filter(({ executionArn: arn }) => !newest.some(({ executionArn }) => executionArn === arn));
  return Promise.all(
    [...newest, ...others].map(async ({ executionArn, status, startDate }) => {
      const { kind, startedBy } = requestOf(JSON.parse((await describeExecution(region, executionArn)).input));
      return {
        arn: executionArn,
        status,
        startedMs: startDate * 1000,
        kind: kindOf(kind, { kind: planned }) ?? 'drain',
        startedBy: startedBy ?? drillSchedule,
      };
    }),
  );
}

/** The present status of an execution, by its ARN; undefined where there is none. */
export async function drillStatus(region: string, executionArn: string): Promise<string | undefined> {
  try {
    return (await describeExecution(region, executionArn)).status;
  } catch (error) {
    if (isNoExecution(error)) return undefined;
    throw error;
  }
}

/** The system's cutover that runs in a region, in words; undefined where none does. */
export async function runningCutover(region: string, systemName: string, ownMachine: string): Promise<string | undefined> {
  const [arn, partition, states, , account] = ownMachine.split(':');
  const machine = [arn, partition, states, region, account, 'stateMachine', cutoverName(systemName)].join(':');
  try {
    const [running] = await listed(region, machine, { statusFilter: 'RUNNING' });
    return running?.executionArn;
  } catch (error) {
    if (error instanceof CallRefused && error.code === 'StateMachineDoesNotExist') return undefined;
    throw error;
  }
}

/**
 * Names of a system's raised alarms: their descriptions begin with its name. Those on drills would hold up every next drill. Alarms with
 * an expected entry of the runbook are left out.
 */
export async function raisedAlarms(region: string, systemName: string, expected: readonly string[] = []): Promise<string[]> {
  const raised: RaisedAlarm[] = [];
  const next = onwards<string>(`the raised alarms of ${region}`);
  let from: string | undefined;
  do {
    const page: AlarmPage = await jsonCall<AlarmPage>('monitoring', region, 'GraniteServiceVersion20100801.DescribeAlarms', {
      StateValue: 'ALARM',
      MaxRecords: 100,
      ...(from === undefined ? {} : { NextToken: from }),
    });
    raised.push(...(page.MetricAlarms ?? []));
    from = next(page.NextToken);
  } while (from !== undefined);
  const ofDrills = (alarm: RaisedAlarm): boolean => {
    const watched = JSON.stringify([alarm.MetricName, alarm.Metrics]);
    return Object.values(drillMetrics).some((name) => watched.includes(name)) || (alarm.AlarmDescription ?? '').includes('region drill');
  };
  return raised
    .filter(({ AlarmDescription: says = '' }) => begins(says, systemName))
    .filter((alarm) => !ofDrills(alarm))
    .filter(({ AlarmDescription: says = '' }) => !expected.some((entry) => says.endsWith(`#${entry}`)))
    .map(({ AlarmName }) => AlarmName);
}

/** The whole name, not the beginning of another system's. */
function begins(says: string, systemName: string): boolean {
  return says.startsWith(systemName) && !/[\w-]/.test(says.charAt(systemName.length));
}
