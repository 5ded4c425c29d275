import { Token } from 'aws-cdk-lib';
import { namesProblem } from './gate-checks';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { gateLimits } from '../contract';

/** What people may start through a gate. */
export interface ApprovalStartProps {
  /** Name of the state machine, in the gate's account and region. By name, since the state machine itself asks the gate. */
  readonly stateMachineName: string;

  /**
   * People who may start it: identities (`identityClaim`), e-mail addresses that the provider calls verified, or with IAM the ARNs of roles
   * and users.
   *
   * @default - none; then `starterGroups` must name one
   */
  readonly starters?: string[];

  /**
   * Groups whose members may start it (`groupsClaim`). Not with IAM.
   *
   * @default - none; then `starters` must name somebody
   */
  readonly starterGroups?: string[];
}

/** What is wrong with a start; undefined when nothing is. */
export function startProblem(name: string, props: ApprovalStartProps, signed: boolean): PropProblem | undefined {
  const { stateMachineName, starters = [], starterGroups = [] } = props;
  if (!/^[A-Za-z][A-Za-z0-9-]{2,79}$/.test(name)) {
    return {
      prop: 'name',
      given: `'${name}'`,
      allowed: '3 to 80 letters, digits and hyphens, a letter first',
      mend: 'choose a name such as acme-cutover',
    };
  }
  if (!Token.isUnresolved(stateMachineName) && !/^[A-Za-z0-9_-]{1,80}$/.test(stateMachineName)) {
    return {
      prop: 'stateMachineName',
      given: `'${stateMachineName}'`,
      allowed: '1 to 80 letters, digits, hyphens and underscores',
      mend: 'give the state machine a name, and give the same name here',
    };
  }
  const named = namesProblem({ people: 'starters', groups: 'starterGroups', may: 'start it' }, starters, starterGroups, signed);
  if (named) return named;
  const bytes = Buffer.byteLength(JSON.stringify([...starters, ...starterGroups]));
  if (bytes <= gateLimits.rulesBytes) return undefined;
  return {
    prop: 'starters',
    given: `${bytes} bytes`,
    allowed: `${gateLimits.rulesBytes} bytes: a function's environment has no more room`,
    mend: 'name a group in place of many people',
  };
}
