import { Stack, Stage, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { describeProblem, PropProblem } from './invalid-props';
import { Notes } from './notes';
import { accountOf, mayShareAccount } from './one-account';

/** What must be the same in every part of a system: a prop, and what it comes to. */
export interface SharedFact {
  readonly prop: string;
  readonly value: string;
}

/** A part of a system, which is made of parts that know each other by names alone. */
export interface SystemPart {
  /** Of which system: the part's identity is this name in its account. */
  readonly systemName: string;
  /** What kind of part it is, such as `LedgerKey`. */
  readonly kind: string;
  /** What its facts are about: they are compared with those of parts about the same. */
  readonly about: 'ledger' | 'mesh' | 'site' | 'documents';
  /** Regions of the whole system, in any order. */
  readonly regions: readonly string[];
  /** The first one that differs is told. */
  readonly facts: readonly SharedFact[];
}

interface DeclaredPart extends SystemPart {
  readonly scope: Construct;
}

const declared = new Notes<DeclaredPart>();

/**
 * Notes a part of a system. At synthesis it is held against the parts of the same system that the app has: they must agree, and be in one
 * account.
 */
export function declarePart(scope: Construct, part: SystemPart): void {
  const parts = declared.of(scope);
  const textOf = ({ systemName, kind, facts }: SystemPart): string => JSON.stringify([systemName, kind, facts]);
  if (parts.some((other) => other.scope === scope && textOf(other) === textOf(part))) return;
  const own: DeclaredPart = { ...part, scope };
  // Each part is held against the earlier ones, so that a difference is told once.
  const earlier = parts.filter(({ systemName }) => systemName === own.systemName);
  parts.push(own);
  scope.node.addValidation({ validate: () => partProblems(own, earlier, parts).map(describeProblem) });
}

function partProblems(part: DeclaredPart, earlier: readonly DeclaredPart[], all: readonly DeclaredPart[]): PropProblem[] {
  const alike = earlier.filter(({ scope, about }) => about === part.about && mayShareAccount(scope, part.scope));
  const problem = disagreement(part, alike) ?? scattered(part, earlier, all);
  return problem ? [problem] : [];
}

function disagreement(part: DeclaredPart, others: readonly DeclaredPart[]): PropProblem | undefined {
  for (const { prop, value } of part.facts) {
    const first = others.find((other) => other.facts.some((fact) => fact.prop === prop));
    const theirs = first?.facts.find((fact) => fact.prop === prop)?.value;
    if (first === undefined || theirs === undefined || theirs === value) continue;
    return {
      prop,
      given: `${value}, but ${theirs} in ${first.scope.node.path}`,
      allowed:
        `the same in every part of the system '${part.systemName}' in ${accountOf(part.scope)}: ` +
        `the parts find each other by name and share one ${part.about}`,
      mend: 'give all parts the same value; another system needs another systemName or another account',
    };
  }
  return undefined;
}

/** Two accounts that have the same kind of part in the same region hold two systems; two that share nothing hold the halves of one. */
function scattered(part: DeclaredPart, earlier: readonly DeclaredPart[], all: readonly DeclaredPart[]): PropProblem | undefined {
  const account = knownAccount(part);
  const isAlike = (other: DeclaredPart): boolean =>
    other.systemName === part.systemName && Stage.of(other.scope) === Stage.of(part.scope) && regionsOf(other) === regionsOf(part);
  const elsewhere = earlier.find(
    (other) => isAlike(other) && account !== undefined && knownAccount(other) !== undefined && knownAccount(other) !== account,
  );
  if (!elsewhere) return undefined;
  const [own, theirs] = [part, elsewhere].map((of) =>
    all.filter((other) => isAlike(other) && knownAccount(other) === knownAccount(of)).map(placeOf),
  );
  if (own.some((place) => theirs.includes(place))) return undefined;
  return {
    prop: 'env.account of the stack',
    given: `${account}, but ${knownAccount(elsewhere)} in ${elsewhere.scope.node.path}`,
    allowed: `one account for all parts of the system '${part.systemName}': they find each other by names in their own account`,
    mend: 'give all stacks of the system the same account; another system needs another systemName or its own stage',
  };
}

const placeOf = ({ kind, scope }: DeclaredPart): string => `${kind} in ${Stack.of(scope).region}`;
const regionsOf = ({ regions }: DeclaredPart): string => [...regions].sort().join();

function knownAccount({ scope }: DeclaredPart): string | undefined {
  const { account } = Stack.of(scope);
  return Token.isUnresolved(account) ? undefined : account;
}
