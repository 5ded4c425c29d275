import type { Tracer } from '../../kernel/trace';
import { CallContext, Ledger } from '../model';

/** The ledger with each call of it shown as a step of the caller's trace; what it stores and sends on names that step. */
export function tracedLedger(ledger: Ledger, tracer: Tracer): Ledger {
  const traced =
    <Asked, Outcome extends { readonly kind: string }>(name: string, call: (context: CallContext, asked: Asked) => Promise<Outcome>) =>
    async (context: CallContext, asked: Asked): Promise<Outcome> => {
      if (!context.trace?.sampled) return call(context, asked);
      const step = tracer.begin({ name, context: context.trace, kind: 'step' });
      try {
        const outcome = await call({ ...context, trace: step.context }, asked);
        step.annotate('outcome', outcome.kind);
        step.end({ fault: outcome.kind === 'unsure' });
        return outcome;
      } catch (error) {
        step.end({ fault: true });
        throw error;
      }
    };
  return {
    openAccount: traced('ledger.openAccount', ledger.openAccount.bind(ledger)),
    getAccount: traced('ledger.getAccount', ledger.getAccount.bind(ledger)),
    authorise: traced('ledger.authorise', ledger.authorise.bind(ledger)),
    move: traced('ledger.move', ledger.move.bind(ledger)),
    getPayment: traced('ledger.getPayment', ledger.getPayment.bind(ledger)),
    listTransactions: traced('ledger.listTransactions', ledger.listTransactions.bind(ledger)),
  };
}
