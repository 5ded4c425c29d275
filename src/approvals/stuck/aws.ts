import { ExecutionDoesNotExist, GetExecutionHistoryCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import type { HistoryEvent as SdkEvent } from '@aws-sdk/client-sfn';
import { stuckLimits } from './contract';
import { HistoryEvent } from './domain';
import { RunningExecution, SamplerPorts } from './service';

/** The sampler's ports on Step Functions. Execution data is never asked for: there is a token in it. */
export function stepFunctionsReader(client: SFNClient, stateMachineArn: string): Pick<SamplerPorts, 'running' | 'history'> {
  return {
    running: async () => {
      const executions: RunningExecution[] = [];
      let nextToken: string | undefined;
      for (let pages = 0; pages < stuckLimits.executionPages; pages += 1) {
        const page = await client.send(
          new ListExecutionsCommand({ stateMachineArn, statusFilter: 'RUNNING', maxResults: 1_000, nextToken }),
        );
        executions.push(
          ...(page.executions ?? []).map(({ executionArn, startDate }) => ({ arn: executionArn!, startedMs: startDate?.getTime() ?? 0 })),
        );
        nextToken = page.nextToken;
        if (!nextToken) return { executions, all: true };
      }
      return { executions, all: false };
    },
    history: async (executionArn) => {
      const events: HistoryEvent[] = [];
      try {
        let nextToken: string | undefined;
        for (let pages = 0; pages < stuckLimits.historyPages; pages += 1) {
          const page = await client.send(
            new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000, includeExecutionData: false, nextToken }),
          );
          events.push(...(page.events ?? []).map(eventOf));
          nextToken = page.nextToken;
          if (!nextToken) break;
        }
        return events;
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return undefined;
        throw error;
      }
    },
  };
}

function eventOf(event: SdkEvent): HistoryEvent {
  const { id, previousEventId, type, timestamp, stateEnteredEventDetails } = event;
  const task = event.taskScheduledEventDetails ?? event.taskStartedEventDetails ?? event.taskSubmittedEventDetails;
  return {
    id: id!,
    previousId: previousEventId,
    type: type!,
    atMs: timestamp!.getTime(),
    resource: task?.resource,
    state: stateEnteredEventDetails?.name,
  };
}
