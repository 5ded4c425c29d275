import { AlarmState, CheckReads } from './model';
import { Invoker } from '../../runtime/invoke';
import { CallRefused, jsonCall, signedCall } from '../../runtime/signed-call';
import { parameterOf } from '../audit/aws';

const ownCheckMs = 60_000;

/** What the checks look at, in both regions. */
export function checkPorts(invoke: Invoker, nowMs: () => number): CheckReads {
  const cloudWatch = <T>(region: string, action: string, body: object): Promise<T> =>
    jsonCall<T>('monitoring', region, `GraniteServiceVersion20100801.${action}`, body);
  return {
    metric: async (region, { namespace, name, dimensions, stat }, minutes) => {
      const end = Math.floor(nowMs() / 60_000) * 60;
      const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
      const { MetricDataResults = [] } = await cloudWatch<{ MetricDataResults?: { Values?: number[] }[] }>(region, 'GetMetricData', {
        StartTime: end - minutes * 60,
        EndTime: end,
        ScanBy: 'TimestampDescending',
        MetricDataQueries: [
          {
            Id: 'asked',
            ReturnData: true,
            MetricStat: { Metric: { Namespace: namespace, MetricName: name, Dimensions }, Period: 60, Stat: stat },
          },
        ],
      });
      return MetricDataResults[0]?.Values ?? [];
    },
    alarms: async (region, names) => {
      const states = new Map<string, AlarmState['state']>();
      for (let from = 0; from < names.length; from += 100) {
        const { MetricAlarms = [], CompositeAlarms = [] } = await cloudWatch<
          Record<'MetricAlarms' | 'CompositeAlarms', { AlarmName: string; StateValue: AlarmState['state'] }[] | undefined>
        >(region, 'DescribeAlarms', {
          AlarmNames: names.slice(from, from + 100),
          AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
          MaxRecords: 100,
        });
        for (const { AlarmName, StateValue } of [...MetricAlarms, ...CompositeAlarms]) states.set(AlarmName, StateValue);
      }
      return names.map((name) => ({ region, name, state: states.get(name) ?? 'MISSING' }));
    },
    queueDepth: async (region, name) => {
      try {
        const { QueueUrl } = await jsonCall<{ QueueUrl: string }>('sqs', region, 'AmazonSQS.GetQueueUrl', { QueueName: name });
        const AttributeNames = [
          'ApproximateNumberOfMessages',
          'ApproximateNumberOfMessagesNotVisible',
          'ApproximateNumberOfMessagesDelayed',
        ];
        const { Attributes = {} } = await jsonCall<{ Attributes?: Record<string, string> }>('sqs', region, 'AmazonSQS.GetQueueAttributes', {
          QueueUrl,
          AttributeNames,
        });
        return AttributeNames.reduce((sum, attribute) => sum + Number(Attributes[attribute] ?? 0), 0);
      } catch (error) {
        if (error instanceof CallRefused && /QueueDoesNotExist|NonExistentQueue/.test(error.code)) return undefined;
        throw error;
      }
    },
    lambdaConcurrency: async (region) => {
      const { AccountLimit } = JSON.parse(
        await signedCall({ service: 'lambda', region, method: 'GET', path: '/2016-08-19/account-settings' }),
      ) as { AccountLimit: { ConcurrentExecutions: number } };
      return AccountLimit.ConcurrentExecutions;
    },
    apiThrottles: async (region) => {
      const account = JSON.parse(await signedCall({ service: 'apigateway', region, method: 'GET', path: '/account' })) as {
        throttleSettings: { rateLimit: number; burstLimit: number };
      };
      return { rate: account.throttleSettings.rateLimit, burst: account.throttleSettings.burstLimit };
    },
    parityRecord: parameterOf,
    ownCheck: async (functionArn, request) =>
      JSON.parse(await invoke(functionArn, request, ownCheckMs)) as Awaited<ReturnType<CheckReads['ownCheck']>>,
  };
}
