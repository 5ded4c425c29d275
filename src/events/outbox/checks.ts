import { LedgerOutboxProps } from './outbox-props';
import { PropProblem } from '../../cdk/checks/invalid-props';

/** What is wrong with an outbox's props; undefined when they can be meant. */
export function outboxProblem(props: LedgerOutboxProps): PropProblem | undefined {
  const { ledger, mesh, sweep = {}, parallelizationFactor = 4, maxRecordAge, retryAttempts = 1_000 } = props;
  const { replicas } = ledger.regions;
  if (ledger.systemName !== mesh.systemName) {
    return {
      prop: 'mesh',
      given: `of system '${mesh.systemName}'`,
      allowed: `the ledger's own system, '${ledger.systemName}'`,
      mend: 'give both the same systemName',
    };
  }
  if ([...replicas].sort().join() !== [...mesh.regions].sort().join()) {
    return {
      prop: 'mesh',
      given: `over ${mesh.regions.join(', ')}`,
      allowed: `the ledger's replicas, ${replicas.join(', ')}: others would get no events, or send none`,
      mend: 'give the mesh regions.replicas',
    };
  }
  const delayMs = sweep.delay?.toMilliseconds() ?? 0;
  if (delayMs > 900_000) {
    return {
      prop: 'sweep.delay',
      given: `${delayMs / 1000} s`,
      allowed: '0 to 15 minutes: SQS delays a message for no longer',
      mend: 'leave it out for 5 minutes',
    };
  }
  const ageMs = maxRecordAge?.toMilliseconds() ?? 60_000;
  if (ageMs < 60_000 || ageMs > 72_000_000) {
    return {
      prop: 'maxRecordAge',
      given: `${ageMs / 1000} s`,
      allowed: '1 minute to 20 hours: after 24 hours the stream has deleted the records, and they cannot be published again',
      mend: 'leave it out for 12 hours',
    };
  }
  if (!(Number.isInteger(parallelizationFactor) && parallelizationFactor >= 1 && parallelizationFactor <= 10)) {
    return { prop: 'parallelizationFactor', given: `${parallelizationFactor}`, allowed: '1 to 10', mend: 'leave it out for 4' };
  }
  if (!(Number.isInteger(retryAttempts) && retryAttempts >= 1 && retryAttempts <= 10_000)) {
    return { prop: 'retryAttempts', given: `${retryAttempts}`, allowed: '1 to 10,000', mend: 'leave it out for 1,000' };
  }
  return undefined;
}
