import { createHash, randomUUID } from 'crypto';
import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { Starter } from './start.service';

/**
 * Starts executions by Step Functions, which takes a name of a standard state machine once in 90 days, and again with the same input while
 * it runs.
 */
export class StepFunctionsStarter implements Starter {
  constructor(private readonly client: SFNClient) {}

  public async start(stateMachineArn: string, input: string, name: string): ReturnType<Starter['start']> {
    try {
      const { executionArn } = await this.client.send(new StartExecutionCommand({ stateMachineArn, input, name }));
      return { kind: 'started', execution: executionArn! };
    } catch (error) {
      if (error instanceof ExecutionAlreadyExists) return { kind: 'taken' };
      throw error;
    }
  }

  public nameOf(text?: string): string {
    return text === undefined ? randomUUID() : createHash('sha256').update(text).digest('hex');
  }
}
