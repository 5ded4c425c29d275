import { isLike } from '../ground/wildcard';

/** A statement of a resource's policy; elements as IAM writes them. */
export interface ResourceStatement {
  readonly Effect: string;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Who asks for what. */
export interface ResourceRequest {
  /** A service such as `events.amazonaws.com`, or a role's ARN. */
  readonly principal: { readonly service: string } | { readonly role: string };
  readonly action: string;
  readonly resource: string;
  /** Values by condition key in lower case; one that is not there is absent from the request. */
  readonly context: Readonly<Record<string, string | undefined>>;
}

/** Whether the statements allow the request: one allows it and none denies it. What is not understood allows nothing and denies all. */
export function allowedByResource(statements: readonly ResourceStatement[], request: ResourceRequest): boolean {
  const matching = statements.filter((statement) => applies(statement, request));
  return matching.some(({ Effect }) => Effect === 'Allow') && !matching.some(({ Effect }) => Effect === 'Deny');
}

/** Whether a statement denies the request: what is asked beside a caller's own policies, which allow enough within an account. */
export function deniedByResource(statements: readonly ResourceStatement[], request: ResourceRequest): boolean {
  return statements.some((statement) => statement.Effect === 'Deny' && applies(statement, request));
}

/** Statements of a policy document, given as an object, as text, or not at all. */
export function statementsOf(policy: unknown): ResourceStatement[] {
  const document = typeof policy === 'string' ? parsed(policy) : policy;
  const statement = (document as { Statement?: unknown } | undefined)?.Statement;
  return statement === undefined ? [] : ([statement].flat() as ResourceStatement[]);
}

function applies(statement: ResourceStatement, request: ResourceRequest): boolean {
  const unless = statement.Effect === 'Deny';
  const who =
    statement.NotPrincipal === undefined ? isPrincipal(statement.Principal, request) : !isPrincipal(statement.NotPrincipal, request);
  const what =
    statement.NotAction === undefined
      ? someMatch(statement.Action, request.action, true)
      : !someMatch(statement.NotAction, request.action, true);
  // A bus's or a queue's policy may leave the resource out: it is the one that the policy is on.
  const onWhat =
    statement.NotResource !== undefined
      ? !someMatch(statement.NotResource, request.resource)
      : statement.Resource === undefined || someMatch(statement.Resource, request.resource);
  return who && what && onWhat && conditionsHold(statement.Condition ?? {}, request.context, unless);
}

function isPrincipal(principal: unknown, { principal: who }: ResourceRequest): boolean {
  if (principal === '*') return true;
  if (typeof principal === 'string') return principalMatches('AWS', principal, who);
  if (typeof principal !== 'object' || principal === null) return false;
  return Object.entries(principal).some(([kind, names]) => [names].flat().some((name) => principalMatches(kind, String(name), who)));
}

function principalMatches(kind: string, name: string, who: ResourceRequest['principal']): boolean {
  if (kind === 'Service') return 'service' in who && who.service === name;
  if (kind !== 'AWS') return false;
  if (name === '*') return true;
  if ('service' in who) return false;
  const account = who.role.split(':')[4];
  return name === account || name === who.role || /^arn:[\w-]+:iam::(\d{12}):root$/.exec(name)?.[1] === account;
}

function someMatch(patterns: unknown, value: string, ignoreCase = false): boolean {
  return [patterns ?? []].flat().some((pattern) => isLike(value, String(pattern), { ignoreCase }));
}

function conditionsHold(
  condition: NonNullable<ResourceStatement['Condition']>,
  context: ResourceRequest['context'],
  unknown: boolean,
): boolean {
  return Object.entries(condition).every(([operator, block]) =>
    Object.entries(block).every(([key, expected]) => holds(operator, [expected].flat().map(String), context[key.toLowerCase()]) ?? unknown),
  );
}

const comparisons: Readonly<Record<string, (actual: string, expected: string) => boolean>> = {
  stringequals: (actual, expected) => actual === expected,
  stringequalsignorecase: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
  stringlike: (actual, expected) => isLike(actual, expected),
  // By part: a wildcard does not reach over a colon.
  arnlike: arnMatches,
  arnequals: arnMatches,
  bool: (actual, expected) => actual.toLowerCase() === expected.toLowerCase(),
};

/** Undefined: the operator is not known. */
function holds(operator: string, expected: readonly string[], actual: string | undefined): boolean | undefined {
  const [, quantifier, name, ifExists] = /^(ForAllValues:|ForAnyValue:)?(\w+?)(IfExists)?$/i.exec(operator) ?? [];
  const lower = (name ?? '').toLowerCase();
  if (lower === 'null') return expected.some((value) => (value.toLowerCase() === 'true') === (actual === undefined));
  const negated = lower.startsWith('stringnot') || lower.startsWith('arnnot');
  const compare = comparisons[lower.replace(/^(string|arn)not/, '$1')];
  if (!compare) return undefined;
  // Of a key with several values none is there: all of none hold, and not any.
  if (quantifier !== undefined && actual === undefined) return quantifier.toLowerCase() === 'forallvalues:';
  if (actual === undefined) return ifExists !== undefined || negated;
  return expected.some((value) => compare(actual, value)) !== negated;
}

function arnMatches(actual: string, expected: string): boolean {
  const parts = (arn: string) => {
    const all = arn.split(':');
    return all.length > 6 ? [...all.slice(0, 5), all.slice(5).join(':')] : all;
  };
  const [left, right] = [parts(actual), parts(expected)];
  return left.length === right.length && right.every((part, index) => isLike(left[index], part));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
