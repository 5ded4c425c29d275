import {
  DescribeExecutionCommand,
  HistoryEvent,
  paginateGetExecutionHistory,
  paginateListExecutions,
  SFNClient,
  StartExecutionCommand,
  StateMachineDoesNotExist,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { DrillCommandPorts } from './service';
import { clock } from '../../runtime/clock';
import { callerIdentity, regionSettings, unlessAbsent } from '../account.aws';

export interface DrillAccount {
  /** Region of the state machine. */
  readonly region: string;
  readonly endpointUrl?: string;
}

/** The account of the credentials that the SDK finds. */
export async function drillAccount({ region, endpointUrl }: DrillAccount): Promise<Omit<DrillCommandPorts, 'say'>> {
  const settings = regionSettings(region, endpointUrl);
  const client = new SFNClient(settings);
  const { account, arn } = await callerIdentity(settings);
  const arnOf = (name: string): string => `arn:aws:states:${region}:${account}:stateMachine:${name}`;
  return {
    ...clock,
    caller: () => Promise.resolve(arn),
    running: (name) =>
      unlessAbsent(StateMachineDoesNotExist, async () => {
        const arns: string[] = [];
        const asked = { stateMachineArn: arnOf(name), statusFilter: 'RUNNING' as const };
        for await (const { executions = [] } of paginateListExecutions({ client }, asked)) {
          arns.push(...executions.map(({ executionArn }) => executionArn!));
        }
        return arns;
      }),
    start: async (name, input) => (await client.send(new StartExecutionCommand({ stateMachineArn: arnOf(name), input }))).executionArn!,
    stop: async (executionArn, cause) => {
      await client.send(new StopExecutionCommand({ executionArn, error: 'Aborted', cause }));
    },
    run: async (executionArn) => {
      const { status, output, cause } = await client.send(new DescribeExecutionCommand({ executionArn }));
      return { status: status!, output, cause };
    },
    states: async (executionArn) => {
      const names: string[] = [];
      for await (const { events = [] } of paginateGetExecutionHistory({ client }, { executionArn, maxResults: 1_000 })) {
        names.push(...events.flatMap(entered));
      }
      return names;
    },
  };
}

const entered = ({ stateEnteredEventDetails }: HistoryEvent): string[] =>
  stateEnteredEventDetails?.name === undefined ? [] : [stateEnteredEventDetails.name];
