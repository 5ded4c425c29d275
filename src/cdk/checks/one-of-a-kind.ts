import { Stack } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { describeProblem } from './invalid-props';
import { Notes } from './notes';
import { accountOf, mayShareAccount } from './one-account';

/** Something of which an account holds one by each name, in each region or in all of them together. */
export interface OneOfAKind {
  /** What it is, such as `LedgerKey`. */
  readonly kind: string;
  /** The prop that names it. */
  readonly prop: string;
  readonly name: string;
  /** There is one for all regions together. */
  readonly isGlobal?: boolean;
}

interface Declared extends OneOfAKind {
  readonly scope: Construct;
}

const declared = new Notes<Declared>();

/** Notes a construct of which there is one. At synthesis a second one of the same identity (account or stage, region, name) is refused. */
export function declareOnce(scope: Construct, what: OneOfAKind): void {
  const all = declared.of(scope);
  const earlier = [...all];
  all.push({ ...what, scope });
  const region = (of: IConstruct): string => Stack.of(of).region;
  const isSame = ({ kind, name, scope: other }: Declared): boolean =>
    kind === what.kind &&
    name === what.name &&
    mayShareAccount(other, scope) &&
    (what.isGlobal === true || region(other) === region(scope));
  scope.node.addValidation({
    validate: () =>
      earlier
        .filter(isSame)
        .slice(0, 1)
        .map(({ scope: other }) =>
          describeProblem({
            prop: what.prop,
            given:
              `'${what.name}' ${what.isGlobal ? '' : `in ${region(scope)} `}twice (also ${other.node.path}), both in ` +
              `${accountOf(scope)}`,
            allowed: `one ${what.kind} with this name in each account${what.isGlobal ? '' : ' and region'}`,
            mend: 'use one construct for both, or choose another name: stages of a pipeline that share an account need different names',
          }),
        ),
  });
}
