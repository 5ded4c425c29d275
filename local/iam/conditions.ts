import { isLike } from '../ground/wildcard';

/** Values of a request by condition key in lower case; a key that is not there is absent from the request. */
export type ConditionContext = Readonly<Record<string, readonly string[]>>;

/** A statement's conditions, as IAM writes them: operator, key, values. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Whether all conditions of a statement hold for a request.
 *
 * @param unknown what a condition with an operator that is not known here comes to: true in a statement that denies
 */
export function conditionsHold(conditions: Conditions | undefined, context: ConditionContext, unknown: boolean): boolean {
  return Object.entries(conditions ?? {}).every(([operator, block]) =>
    Object.entries(block).every(([key, expected]) => holds(operator, [expected].flat().map(String), context[key.toLowerCase()]) ?? unknown),
  );
}

const comparisons: Readonly<Record<string, (actual: string, expected: string) => boolean>> = {
  stringequals: (actual, expected) => actual === expected,
  stringequalsignorecase: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  stringlike: (actual, expected) => isLike(actual, expected),
  arnlike: arnMatches,
  arnequals: arnMatches,
  numericlessthan: (actual, expected) => Number(actual) < Number(expected),
  numericgreaterthanequals: (actual, expected) => Number(actual) >= Number(expected),
  bool: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
};

/** Undefined: the operator is not known. */
function holds(operator: string, expected: readonly string[], actual: readonly string[] | undefined): boolean | undefined {
  const [, quantifier, name, ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/i.exec(operator) ?? [];
  const lower = (name ?? '').toLowerCase();
  if (lower === 'null') return expected.some((value) => (value.toLowerCase() === 'true') === (actual === undefined));
  const negated = lower.startsWith('stringnot') || lower.startsWith('arnnot');
  const compare = comparisons[lower.replace(/^(string|arn)not/, '$1')];
  if (!compare) return undefined;
  const ofAll = quantifier?.toLowerCase() === 'forallvalues';
  // Of a key with several values none is there: all of none hold, and not any.
  if (!actual) return ifExists !== undefined || ofAll || (quantifier === undefined && negated);
  const matches = (value: string): boolean => expected.some((one) => compare(value, one)) !== negated;
  return quantifier !== undefined && !ofAll ? actual.some(matches) : actual.every(matches);
}

/** By part: a wildcard does not reach over a colon. */
function arnMatches(actual: string, expected: string): boolean {
  const parts = (arn: string) => {
    const all = arn.split(':');
    return all.length > 6 ? [...all.slice(0, 5), all.slice(5).join(':')] : all;
  };
  const [left, right] = [parts(actual), parts(expected)];
  return left.length === right.length && right.every((part, index) => isLike(left[index], part));
}
