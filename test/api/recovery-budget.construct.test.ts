import { Duration } from 'aws-cdk-lib';
import { RecoveryBudget, RecoveryBudgetProps } from '../../src/index';
import { newStack } from '../cdk/stacks';

test('the defaults keep 30 seconds, and say how', () => {
  const budget = new RecoveryBudget(newStack());
  expect(budget.describe()).toBe('10 s interval x 1 + 6 s for a dead endpoint + 5 s TTL + 5 s margin = 26 s (target 30 s)');
  expect(budget.sum.toSeconds()).toBe(26);
});

test('a sum above the target fails, with its parts', () => {
  expect(() => new RecoveryBudget(newStack(), { failureThreshold: 3, recordTtl: Duration.seconds(60) })).toThrow(
    "[Stack] 'recovery' is 10 s interval x 3 + 6 s for a dead endpoint + 60 s TTL + 5 s margin = 101 s (target 30 s); " +
      'allowed: a sum within the target of 30 s; fix: lower healthCheckInterval, failureThreshold or recordTtl, or raise target to ' +
      'the time that you promise',
  );
});

test('a sum of just the target passes, one second more does not', () => {
  expect(new RecoveryBudget(newStack(), { target: Duration.seconds(26) }).sum.toSeconds()).toBe(26);
  expect(() => new RecoveryBudget(newStack(), { target: Duration.seconds(25) })).toThrow('= 26 s (target 25 s)');
});

test.each<[string, RecoveryBudgetProps]>([
  ["'recovery.healthCheckInterval' is 15 s; allowed: 10 or 30 seconds", { healthCheckInterval: Duration.seconds(15) }],
  ["'recovery.failureThreshold' is 0; allowed: a whole number from 1 to 10", { failureThreshold: 0 }],
  ["'recovery.failureThreshold' is 1.5", { failureThreshold: 1.5 }],
  ["'recovery.recordTtl' is 0 s; allowed: 1 to 60 seconds", { recordTtl: Duration.seconds(0) }],
  ["'recovery.margin' is 0 s; allowed: at least 1 second", { margin: Duration.seconds(0) }],
])('%s', (message, props) => {
  expect(() => new RecoveryBudget(newStack(), props)).toThrow(message);
});
