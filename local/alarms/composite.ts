import type { AlarmState } from '../ground/model';

type CompositeToken = string;

/**
 * Whether the rule of a composite alarm holds.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 *
 * @param stateOf state of an alarm by name or ARN; undefined counts as no state at all
 */
export function ruleHolds(rule: string, stateOf: (alarm: string) => AlarmState | undefined): boolean {
  const parts = tokens(rule);
  let at = 0;
  const take = (text: string): boolean => {
    if (parts[at] !== text) return false;
    at += 1;
    return true;
  };
  const disjunction = (): boolean => {
    let holds = conjunction();
    while (take('OR')) {
      // Both sides are read whatever the first one says.
      const right = conjunction();
      holds = holds || right;
    }
    return holds;
  };
  const conjunction = (): boolean => {
    let holds = negation();
    while (take('AND')) {
      const right = negation();
      holds = holds && right;
    }
    return holds;
  };
  const negation = (): boolean => {
    if (take('NOT')) return !negation();
    if (take('TRUE')) return true;
    if (take('FALSE')) return false;
    if (take('(')) return closed(disjunction());
    const state = parts[at++];
    if (state === undefined || !['ALARM', 'OK', 'INSUFFICIENT_DATA'].includes(state) || !take('(')) {
      throw new Error(`the rule '${rule}' is not understood at '${state ?? 'its end'}'`);
    }
    return closed(stateOf(parts[at++] ?? '') === state);
  };
  const closed = (value: boolean): boolean => {
    if (!take(')')) throw new Error(`the rule '${rule}' lacks a closing bracket`);
    return value;
  };
  const holds = disjunction();
  if (at < parts.length) throw new Error(`the rule '${rule}' is not understood at '${parts[at]}'`);
  return holds;
}

/** Brackets, words, and quoted names without their quotes. */
function tokens(rule: string): CompositeToken[] {
  return [...rule.matchAll(/"((?:[^"\\]|\\.)*)"|([()])|([^\s()"]+)/g)].map(([, quoted, bracket, word]) => quoted ?? bracket ?? word);
}
