/** A JSON value that may hold CloudFormation's functions. */
export type Expression = unknown;

/** What can be known of a stack without deploying it. */
export interface StackFacts {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
}

/** Whether the value is one call of a CloudFormation function. */
export function isIntrinsic(value: Expression): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && (keys[0] === 'Ref' || keys[0].startsWith('Fn::'));
}

/** A copy with every value replaced that `visit` returns something for; parents first, functions included. */
export function mapValues(value: Expression, visit: (value: Expression) => { readonly replacement: unknown } | undefined): unknown {
  const result = visit(value);
  if (result) return result.replacement;
  if (Array.isArray(value)) return value.map((item) => mapValues(item, visit));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapValues(item, visit)]));
}

/** The value with all functions resolved that need no deployed resource; the rest stays as it is. */
export function resolveStatic(value: Expression, facts: StackFacts): unknown {
  return mapValues(value, (node) => {
    if (!isIntrinsic(node)) return undefined;
    const [name, argument] = Object.entries(node)[0];
    if (name === 'Ref') {
      const known = pseudoParameter(String(argument), facts);
      return known === undefined ? undefined : { replacement: known };
    }
    const inner = resolveStatic(argument, facts);
    const joined = name === 'Fn::Join' ? join(inner) : name === 'Fn::Sub' ? substitute(inner, facts) : undefined;
    return { replacement: joined ?? { [name]: inner } };
  });
}

function pseudoParameter(name: string, facts: StackFacts): string | undefined {
  switch (name) {
    case 'AWS::Region':
      return facts.region;
    case 'AWS::AccountId':
      return facts.accountId;
    case 'AWS::Partition':
      return 'aws';
    case 'AWS::URLSuffix':
      return 'amazonaws.com';
    case 'AWS::StackName':
      return facts.stackName;
    default:
      return undefined;
  }
}

function join(argument: unknown): string | undefined {
  const [separator, parts] = argument as [string, unknown];
  if (!Array.isArray(parts) || parts.some((part) => typeof part !== 'string')) return undefined;
  return parts.join(separator);
}

function substitute(argument: unknown, facts: StackFacts): unknown {
  if (typeof argument !== 'string') return undefined;
  const text = argument.replace(/\$\{(AWS::\w+)\}/g, (whole, name: string) => pseudoParameter(name, facts) ?? whole);
  return text.includes('${') ? { 'Fn::Sub': text } : text;
}

/** Replaces what a template says about resources that are no longer in it. */
export function withoutReferences(
  value: Expression,
  made: ReadonlyMap<string, { readonly ref: string; attribute(name: string): string }>,
): unknown {
  return mapValues(value, (node) => {
    if (!isIntrinsic(node)) return undefined;
    const [name, argument] = Object.entries(node)[0];
    if (name === 'Ref') {
      const gone = made.get(String(argument));
      return gone && { replacement: gone.ref };
    }
    if (name === 'Fn::GetAtt') {
      const [logicalId, attribute] = Array.isArray(argument) ? (argument as [string, string]) : splitOnce(String(argument));
      const gone = made.get(logicalId);
      return gone && { replacement: gone.attribute(attribute) };
    }
    if (name !== 'Fn::Sub') return undefined;
    const [text, variables] = Array.isArray(argument) ? (argument as [string, Record<string, unknown>]) : [String(argument), undefined];
    const replaced = text.replace(/\$\{([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}/g, (whole, logicalId: string, attribute?: string) => {
      const gone = variables?.[logicalId] === undefined ? made.get(logicalId) : undefined;
      if (!gone) return whole;
      return attribute ? gone.attribute(attribute) : gone.ref;
    });
    return { replacement: { 'Fn::Sub': variables ? [replaced, withoutReferences(variables, made)] : replaced } };
  });
}

function splitOnce(text: string): [string, string] {
  const dot = text.indexOf('.');
  return [text.slice(0, dot), text.slice(dot + 1)];
}
