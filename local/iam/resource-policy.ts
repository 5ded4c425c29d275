import { conditionsHold, type ConditionContext, type Conditions } from './conditions';
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
  readonly Condition?: Conditions;
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
  return who && what && onWhat && conditionsHold(statement.Condition, listed(request.context), unless);
}

function listed(context: ResourceRequest['context']): ConditionContext {
  return Object.fromEntries(Object.entries(context).flatMap(([key, value]) => (value === undefined ? [] : [[key, [value]]])));
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
