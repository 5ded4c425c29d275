import type { Handled } from './service';
import { namedCauseOf } from '../../kernel/cause';
import { FunctionFailed, InvokeRefused, Invoker } from '../../runtime/invoke';
import type { ConsumedEvent } from '../model';
import type { EventDelivery } from '../runtime.model';

/** Nothing was sent: nobody took up the connection. */
const unreachable = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH']);

/** Hands events to a function of the team's; what it was given is the envelope, with the event's `source`. */
export function invokeHandler(
  invoke: Invoker,
  handlerArn: string,
): (event: ConsumedEvent, delivery: EventDelivery, timeoutMs: number) => Promise<Handled> {
  return async (event, { trace }, timeoutMs) => {
    try {
      await invoke(handlerArn, event, timeoutMs, trace);
      return { kind: 'done' };
    } catch (error) {
      return failureOf(error);
    }
  };
}

function failureOf(error: unknown): Handled {
  const reason = namedCauseOf(error);
  if (error instanceof FunctionFailed) return { kind: 'failed', reason };
  if (error instanceof InvokeRefused && error.status < 500) return { kind: 'notReached', reason };
  if (unreachable.has((error as { code?: string }).code ?? '')) return { kind: 'notReached', reason };
  return { kind: 'unknown', reason };
}
