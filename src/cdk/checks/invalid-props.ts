import { Construct } from 'constructs';

/** What is wrong with a prop, in the four parts that its reader needs. */
export interface PropProblem {
  readonly prop: string;
  readonly given: string;
  readonly allowed: string;
  readonly mend: string;
}

/** One line: what was given, what is allowed, how to mend it. */
export function describeProblem(problem: PropProblem): string {
  return readable(`'${problem.prop}' is ${problem.given}; allowed: ${problem.allowed}; fix: ${problem.mend}`);
}

/** A token's own text says nothing to a reader. */
function readable(text: string): string {
  const [first, ...others] = text.split(/[$#]\{Token\[/);
  return first + others.map((other) => `(a token)${other.slice(other.indexOf(']}') + 2)}`).join('');
}

/** The error to throw for a prop, with the construct's path in front. */
export function invalidProps(scope: Construct, problem: PropProblem): Error {
  return new Error(`[${scope.node.path}] ${describeProblem(problem)}`);
}
