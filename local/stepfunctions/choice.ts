import { isPresent, readPath, StateFault, type Json } from './paths';
import { isLike } from '../ground/wildcard';

type Rule = Readonly<Record<string, any>>;

/** The state that a Choice leads to. */
export function choose(state: Rule, data: Json, context: Json): string {
  const rule = (state.Choices as Rule[]).find((one) => holds(one, data, context));
  const next = rule?.Next ?? state.Default;
  if (next === undefined) throw new StateFault('States.NoChoiceMatched', 'no rule of the Choice holds, and it has no Default');
  return next as string;
}

const comparisons: Readonly<Record<string, (a: any, b: any) => boolean>> = {
  Equals: (a, b) => a === b,
  LessThan: (a, b) => a < b,
  GreaterThan: (a, b) => a > b,
  LessThanEquals: (a, b) => a <= b,
  GreaterThanEquals: (a, b) => a >= b,
};

const kinds: Readonly<Record<string, (value: Json) => Json>> = {
  String: (value) => (typeof value === 'string' ? value : undefined),
  Numeric: (value) => (typeof value === 'number' ? value : undefined),
  Boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  Timestamp: (value) => (isTimestamp(value) ? Date.parse(value) : undefined),
};

const tests: Readonly<Record<string, (value: Json) => boolean>> = {
  IsNull: (value) => value === null,
  IsString: (value) => typeof value === 'string',
  IsNumeric: (value) => typeof value === 'number',
  IsBoolean: (value) => typeof value === 'boolean',
  IsTimestamp: (value) => isTimestamp(value),
};

const comparison = /^(String|Numeric|Boolean|Timestamp)(Equals|LessThan|GreaterThan|LessThanEquals|GreaterThanEquals)(Path)?$/;

/** Whether a rule is understood here. */
export function isKnownRule(rule: Rule): boolean {
  const inner = [rule.Not, ...(rule.And ?? []), ...(rule.Or ?? [])].filter(Boolean) as Rule[];
  if (inner.length > 0) return inner.every(isKnownRule);
  return Object.keys(rule).every(
    (name) => ['Variable', 'Next', 'Comment', 'IsPresent', 'StringMatches'].includes(name) || name in tests || comparison.test(name),
  );
}

function holds(rule: Rule, data: Json, context: Json): boolean {
  if (rule.Not) return !holds(rule.Not as Rule, data, context);
  if (rule.And) return (rule.And as Rule[]).every((one) => holds(one, data, context));
  if (rule.Or) return (rule.Or as Rule[]).some((one) => holds(one, data, context));
  const variable = String(rule.Variable);
  if (rule.IsPresent !== undefined) return isPresent(variable, data, context) === rule.IsPresent;
  const value = readPath(variable, data, context);
  return Object.entries(rule).every(([name, expected]) => {
    if (['Variable', 'Next', 'Comment'].includes(name)) return true;
    if (name in tests) return tests[name](value) === expected;
    if (name === 'StringMatches') return typeof value === 'string' && isLike(value, String(expected), { questionMark: false });
    const [, kind, how, path] = comparison.exec(name)!;
    const [a, b] = [value, path ? readPath(String(expected), data, context) : expected].map(kinds[kind]);
    return a !== undefined && b !== undefined && comparisons[how](a, b);
  });
}

function isTimestamp(value: Json): boolean {
  return (
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value))
  );
}
