import { isLike } from '../ground/wildcard';

type PatternValue = unknown;

/**
 * Whether a record passes a filter of an event source mapping: every field of the pattern must match, by one of its values.
 * Throws on an operator that is not known: a filter must not let pass what it does not understand.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 */
export function passes(record: PatternValue, pattern: PatternValue): boolean {
  if (!isObject(pattern)) throw new Error('a filter pattern is a JSON object');
  return Object.entries(pattern).every(([key, expected]) => {
    if (key === '$or' && Array.isArray(expected)) return expected.some((alternative) => passes(record, alternative));
    const values = fieldsOf(record, key);
    if (Array.isArray(expected)) {
      const [seen, present] = values.length ? [values, true] : [[undefined], false];
      return seen.some((value) => expected.some((rule) => leafMatches(value, rule, present)));
    }
    return values.length ? values.some((value) => passes(value, expected)) : passes(undefined, expected);
  });
}

/** Values of a field; those of each element where there is a list. */
function fieldsOf(record: PatternValue, key: string): PatternValue[] {
  if (Array.isArray(record)) return record.flatMap((element) => fieldsOf(element, key));
  if (!isObject(record) || !(key in record)) return [];
  const value = record[key];
  return Array.isArray(value) ? value : [value];
}

function leafMatches(value: PatternValue, rule: PatternValue, present: boolean): boolean {
  if (!isObject(rule)) return present && value === rule;
  return Object.entries(rule).every(([operator, operand]) => {
    if (operator === 'exists') return operand === present;
    return present && compares(value, operator, operand);
  });
}

function compares(value: PatternValue, operator: string, operand: PatternValue): boolean {
  switch (operator) {
    case 'prefix':
      return typeof value === 'string' && affix(value, operand, (text, part) => text.startsWith(part));
    case 'suffix':
      return typeof value === 'string' && affix(value, operand, (text, part) => text.endsWith(part));
    case 'equals-ignore-case':
      return typeof value === 'string' && value.toLowerCase() === String(operand).toLowerCase();
    case 'wildcard':
      return typeof value === 'string' && [operand].flat().some((pattern) => isLike(value, String(pattern), { questionMark: false }));
    case 'numeric':
      return numeric(value, operand as (string | number)[]);
    case 'anything-but':
      return isObject(operand)
        ? !Object.entries(operand).some(([inner, what]) => [what].flat().some((one) => compares(value, inner, one)))
        : ![operand].flat().includes(value);
    default:
      throw new Error(`the filter operator '${operator}' is not known in the local run`);
  }
}

function affix(value: string, operand: PatternValue, test: (text: string, part: string) => boolean): boolean {
  if (isObject(operand)) return test(value.toLowerCase(), String(operand['equals-ignore-case']).toLowerCase());
  return test(value, String(operand));
}

function numeric(value: PatternValue, rule: readonly (string | number)[]): boolean {
  if (typeof value !== 'number') return false;
  for (let index = 0; index < rule.length; index += 2) {
    const limit = Number(rule[index + 1]);
    const holds = { '=': value === limit, '<': value < limit, '<=': value <= limit, '>': value > limit, '>=': value >= limit }[
      String(rule[index])
    ];
    if (holds === undefined) throw new Error(`the filter operator 'numeric ${rule[index]}' is not known`);
    if (!holds) return false;
  }
  return true;
}

function isObject(value: PatternValue): value is Record<string, PatternValue> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
