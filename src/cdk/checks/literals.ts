import { Duration, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { PropProblem, invalidProps } from './invalid-props';

/** What props must be known at synthesis: numbers, durations and lists are reckoned with; texts only where they are named. */
export interface LiteralRules {
  /** Put before the names of the props in messages, such as `domain.`. */
  readonly prefix?: string;
  /** Texts that names, regions or policies are made of; as paths for nested props, such as `alarms.region`. */
  readonly texts?: readonly string[];
}

/**
 * Throws for the first value that is known at deployment alone and must be known now: before any check of its value, which would be a check
 * of the token's own number or text. Looks into nested props and lists; what classes made is theirs to check.
 */
export function checkLiterals(scope: Construct, props: object | undefined, { prefix = '', texts = [] }: LiteralRules = {}): void {
  const problem = props && literalProblem(props, prefix, '', texts);
  if (problem) throw invalidProps(scope, problem);
}

/** What is wrong with a value that must be known; undefined when it is. */
export function unknownProblem(prop: string, value: unknown): PropProblem | undefined {
  const what = kindOfToken(value);
  if (what === undefined) return undefined;
  return {
    prop,
    given: `a token (${what}), unknown at synthesis`,
    allowed: `a literal ${what}, because synthesis checks it`,
    mend: 'write the value out, or read it from context; a parameter, an attribute or an import is known only at deployment',
  };
}

function literalProblem(props: object, prefix: string, path: string, texts: readonly string[]): PropProblem | undefined {
  for (const [name, value] of Object.entries(props)) {
    const at = `${path}${name}`;
    const problem =
      (typeof value === 'string' && !texts.includes(at) ? undefined : unknownProblem(`${prefix}${at}`, value)) ??
      nested(value, prefix, at, texts);
    if (problem) return problem;
  }
  return undefined;
}

function nested(value: unknown, prefix: string, at: string, texts: readonly string[]): PropProblem | undefined {
  if (Array.isArray(value)) {
    for (const one of value as unknown[]) {
      const problem =
        typeof one === 'string' ? (texts.includes(at) ? unknownProblem(`${prefix}${at}`, one) : undefined) : nested(one, prefix, at, texts);
      if (problem) return problem;
    }
    return undefined;
  }
  return isPlain(value) && !Token.isUnresolved(value) ? literalProblem(value, prefix, `${at}.`, texts) : undefined;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function kindOfToken(value: unknown): string | undefined {
  if (value instanceof Duration) return value.isUnresolved() ? 'duration' : undefined;
  if (!['string', 'number'].includes(typeof value) && !Array.isArray(value)) return undefined;
  // A list token is a list of one text; a list of texts of which one is a token is no list token.
  if (Array.isArray(value) ? !isListToken(value) : !Token.isUnresolved(value)) return undefined;
  return Array.isArray(value) ? 'list' : typeof value === 'string' ? 'text' : 'number';
}

function isListToken(value: readonly unknown[]): boolean {
  return value.length === 1 && typeof value[0] === 'string' && value[0].startsWith('#{Token[');
}
