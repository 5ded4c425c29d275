import { Stack, Stage, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/**
 * Whether two constructs may end in one account, so that one name is one thing. Where an account is known at deployment alone, a stage's
 * stacks are deployed with the same credentials, and another stage's with others.
 */
export function mayShareAccount(one: IConstruct, other: IConstruct): boolean {
  const [own, others] = [one, other].map((construct) => Stack.of(construct).account);
  if (Token.isUnresolved(own) || Token.isUnresolved(others)) return Stage.of(one) === Stage.of(other);
  return own === others;
}

/** An account as messages name it. */
export function accountOf(construct: IConstruct): string {
  const { account } = Stack.of(construct);
  return Token.isUnresolved(account) ? 'the account of the deployment' : `account ${account}`;
}
