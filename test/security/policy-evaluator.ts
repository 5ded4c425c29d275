import type { Conditions, Grant } from '../../tools/security/grants';

/** What a request carries, by condition key in lower case. */
export type RequestContext = Readonly<Record<string, string | readonly string[]>>;

export interface AccessRequest {
  /** ARN of a role of the account, or a service. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
}

/**
 * IAM's decision for a request inside one account: a deny anywhere ends it; else the role's own policies or the resource's policy must
 * allow it, and for a KMS key its policy in any case, for itself or by handing the decision to the account.
 */
export function isAllowed(grants: readonly Grant[], request: AccessRequest): boolean {
  const matching = grants.filter((grant) =>
    grant.by === 'identity' ? grant.principal === request.principal && applies(grant, request) : applies(grant, request),
  );
  const about = matching.filter(({ principal }) => ['anybody', request.principal].includes(principal));
  // What is said to the account counts for its roles too, where it denies.
  const accountWide = matching.filter(({ principal }) => principal === 'account' && isRole(request));
  if ([...about, ...accountWide].some(({ effect }) => effect === 'Deny')) return false;
  if (about.some(({ by, effect }) => by === 'resource' && effect === 'Allow')) return true;
  const own = about.some(({ by }) => by === 'identity');
  return own && (!request.resource.startsWith('arn:aws:kms:') || accountWide.some(({ by }) => by === 'resource'));
}

const isRole = ({ principal }: AccessRequest): boolean => principal.startsWith('arn:');

function applies({ actions, resources, conditions }: Grant, { action, resource, context, principal }: AccessRequest): boolean {
  return (
    actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
    resources.some((pattern) => matches(pattern, resource)) &&
    conditionsHold(conditions, { 'aws:principalarn': principal, ...context })
  );
}

/** `*` and `?` as IAM has them; a scan, since patterns come from templates. */
export function matches(pattern: string, text: string): boolean {
  let [at, in_, star, mark] = [0, 0, -1, 0];
  while (in_ < text.length) {
    if (at < pattern.length && (pattern[at] === '?' || (pattern[at] !== '*' && pattern[at] === text[in_]))) {
      at += 1;
      in_ += 1;
    } else if (pattern[at] === '*') {
      star = at;
      mark = in_;
      at += 1;
    } else if (star >= 0) {
      at = star + 1;
      mark += 1;
      in_ = mark;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

const comparisons: Readonly<Record<string, (actual: string, expected: string) => boolean>> = {
  stringequals: (actual, expected) => actual === expected,
  stringlike: (actual, expected) => matches(expected, actual),
  // Part by part: a wildcard does not reach over a colon.
  arnequals: arnMatches,
  arnlike: arnMatches,
  numericlessthan: (actual, expected) => Number(actual) < Number(expected),
  bool: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
};

export function conditionsHold(conditions: Conditions, context: RequestContext): boolean {
  return Object.entries(conditions).every(([operator, block]) =>
    Object.entries(block).every(([key, expected]) => holds(operator, [expected].flat(), context[key.toLowerCase()])),
  );
}

function holds(operator: string, expected: readonly string[], actual: string | readonly string[] | undefined): boolean {
  if (operator === 'Null') return expected.includes(String(actual === undefined));
  const [, quantifier, name, ifExists] = /^(ForAllValues:|ForAnyValue:)?([A-Za-z]+?)(IfExists)?$/.exec(operator)!;
  const negated = /Not/.test(name);
  const compare = comparisons[name.replace('Not', '').toLowerCase()];
  if (!compare) throw new Error(`condition operator ${operator} is not known: teach test/security/policy-evaluator.ts`);
  // No value: true for all of them, false for any of them.
  if (actual === undefined) return quantifier === 'ForAllValues:' || ifExists !== undefined || (negated && quantifier === undefined);
  const meets = (value: string): boolean => expected.some((one) => compare(value, one)) !== negated;
  const values = [actual].flat();
  return quantifier === 'ForAnyValue:' ? values.some(meets) : values.every(meets);
}

function arnMatches(actual: string, expected: string): boolean {
  const parts = (arn: string): string[] => [...arn.split(':').slice(0, 5), arn.split(':').slice(5).join(':')];
  const [one, other] = [parts(actual), parts(expected)];
  return other.every((part, at) => matches(part, one[at]));
}
