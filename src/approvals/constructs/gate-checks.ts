import { Annotations, Stack, Token } from 'aws-cdk-lib';
import { CfnFunction, IFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct, IConstruct } from 'constructs';
import { ApprovalGateProps } from './gate-options';
import { expiryProblem } from './gate-task';
import { describeProblem, PropProblem } from '../../cdk/checks/invalid-props';
import { relationMessages, timeRelations } from '../../cdk/checks/time-relations';
import { normalName } from '../../kernel/person-name';
import { gateLimits, writeRules } from '../contract';
import { GateRules } from '../model';
import { definitionIn, tokenTasksIn } from '../stuck/definition';

/** What is wrong with a gate's props; undefined when nothing is. */
export function gateChecks(props: ApprovalGateProps, rules: GateRules): PropProblem | undefined {
  return (
    nameProblem(props.gateName) ??
    identityProblem(props) ??
    peopleProblem(props) ??
    requiredProblem(props) ??
    expiryProblem('expiry', props.expiry) ??
    timesProblem(props, rules) ??
    urlProblem(props.publicUrl) ??
    sizeProblem(rules)
  );
}

function nameProblem(name: string): PropProblem | undefined {
  if (/^[a-z][a-z0-9-]{2,39}$/.test(name)) return undefined;
  return {
    prop: 'gateName',
    given: `'${name}'`,
    allowed: '3 to 40 lower-case letters, digits and hyphens, a letter first',
    mend: 'choose a name such as acme-cutover',
  };
}

function identityProblem({ identity }: ApprovalGateProps): PropProblem | undefined {
  if (identity) return identity._problem;
  return {
    prop: 'identity',
    given: 'missing',
    allowed: 'ApproverIdentity.oidc, cognito or iam',
    mend: 'choose how approvers prove who they are: there is no default that lets anyone decide',
  };
}

function peopleProblem({ approvers = [], approverGroups = [], identity }: ApprovalGateProps): PropProblem | undefined {
  return namesProblem(
    { people: 'approvers', groups: 'approverGroups', may: 'decide' },
    approvers,
    approverGroups,
    identity._identity.kind === 'iam',
  );
}

/** What is wrong with the people and groups who may do something; undefined when nothing is. `props` are what they are called. */
export function namesProblem(
  props: { readonly people: string; readonly groups: string; readonly may: string },
  people: readonly string[],
  groups: readonly string[],
  iam: boolean,
): PropProblem | undefined {
  if (iam && groups.length > 0) {
    return {
      prop: props.groups,
      given: JSON.stringify(groups),
      allowed: 'no groups with IAM: IAM does not tell the groups of a caller',
      mend: `name roles in ${props.people}`,
    };
  }
  const names = [...people, ...groups];
  if (names.length === 0 || names.some((name) => name.trim() === '')) {
    return {
      prop: props.people,
      given: JSON.stringify(names),
      allowed: `at least one name in ${props.people} or ${props.groups}, none empty`,
      mend: `name who may ${props.may}`,
    };
  }
  const arn = /^arn:[^:]+:iam::\d{12}:(role|user)\/.+$/;
  const wrong = iam ? people.find((name) => !Token.isUnresolved(name) && !arn.test(name)) : undefined;
  return wrong === undefined
    ? undefined
    : {
        prop: props.people,
        given: `'${wrong}'`,
        allowed: 'ARNs of IAM roles or users',
        mend: 'give the ARN of the role, not of one of its sessions',
      };
}

function requiredProblem({
  requiredApprovals = 1,
  approvers = [],
  approverGroups = [],
  identity,
}: ApprovalGateProps): PropProblem | undefined {
  if (!Number.isInteger(requiredApprovals) || requiredApprovals < 1 || requiredApprovals > 20) {
    return { prop: 'requiredApprovals', given: `${requiredApprovals}`, allowed: '1 to 20', mend: 'leave it out for 1' };
  }
  const { _identity } = identity;
  const several = approverGroups.length > 0 || (_identity.kind === 'iam' && _identity.trustSessionNames);
  const people = new Set(approvers.map(normalName)).size;
  if (several || people >= requiredApprovals) return undefined;
  return {
    prop: 'requiredApprovals',
    given: `${requiredApprovals} of ${people} approvers`,
    allowed: 'at most as many as there are',
    mend: 'name more approvers, or ask for fewer',
  };
}

function timesProblem(props: ApprovalGateProps, rules: GateRules): PropProblem | undefined {
  if (rules.reminderSeconds < 60) {
    return { prop: 'reminderEvery', given: `${rules.reminderSeconds} s`, allowed: 'at least 60 seconds', mend: 'leave it out for 4 hours' };
  }
  const { heartbeatTimeout, escalateAfter } = props;
  if (heartbeatTimeout && heartbeatTimeout.toSeconds() < 300) {
    return {
      prop: 'heartbeatTimeout',
      given: `${heartbeatTimeout.toSeconds()} s`,
      allowed: 'at least 300 seconds: the gate looks after its approvals once a minute',
      mend: 'leave it out for 30 minutes',
    };
  }
  if (escalateAfter && escalateAfter.toSeconds() >= rules.expirySeconds) {
    return {
      prop: 'escalateAfter',
      given: `${escalateAfter.toSeconds()} s`,
      allowed: `less than expiry, ${rules.expirySeconds} s`,
      mend: 'leave it out for half of expiry',
    };
  }
  return undefined;
}

function urlProblem(url: string | undefined): PropProblem | undefined {
  if (url === undefined || Token.isUnresolved(url) || /^https:\/\/[^/\s]+(\/\S*[^/\s])?$/.test(url)) return undefined;
  return {
    prop: 'publicUrl',
    given: `'${url}'`,
    allowed: 'an https URL without a slash at the end',
    mend: 'write it as approvers reach it',
  };
}

function sizeProblem(rules: GateRules): PropProblem | undefined {
  const bytes = Buffer.byteLength(writeRules(rules));
  if (bytes <= gateLimits.rulesBytes) return undefined;
  return {
    prop: 'approvers',
    given: `${bytes} bytes with the gate's other rules`,
    allowed: `${gateLimits.rulesBytes} bytes: a function's environment has no more room`,
    mend: 'name a group in place of many people',
  };
}

/** Warns where a state machine that asks through this function logs the input of its tasks, and with it the tokens. */
export function warnOfLoggedTokens(gate: Construct, request: IFunction, node: IConstruct): void {
  if (!(node instanceof CfnStateMachine)) return;
  const resolved: unknown = Stack.of(node).resolve([node.loggingConfiguration, node.definitionString]);
  const [logging, definition] = resolved as [CfnStateMachine.LoggingConfigurationProperty | undefined, unknown];
  const asks = Stack.of(gate).resolve((request.node.defaultChild as CfnFunction).logicalId) as string;
  if (logging?.includeExecutionData !== true || !JSON.stringify(definition ?? '').includes(asks)) return;
  Annotations.of(gate).addWarningV2(
    'cdk-multi-region-payments:logged-tokens',
    `[${gate.node.path}] the log of ${node.node.path} holds task tokens: set includeExecutionData: false, or protect the log as ` +
      `strictly as the right to approve`,
  );
}

/**
 * What is wrong with state machines that ask through this function: they are of a kind that waits for no token, or end before people have
 * decided.
 */
export function machineProblems(gate: Construct, request: IFunction): string[] {
  const { account, region } = Stack.of(gate);
  // A machine asks functions of its own region and account alone, and another one's definition cannot name them.
  const isNear = (machine: CfnStateMachine): boolean => Stack.of(machine).account === account && Stack.of(machine).region === region;
  const machines = gate.node.root.node.findAll().filter((node): node is CfnStateMachine => node instanceof CfnStateMachine);
  return machines
    .filter(isNear)
    .filter((machine) => {
      const [definition, asks]: unknown[] = Stack.of(machine).resolve([machine.definitionString, request.functionArn]) as unknown[];
      return JSON.stringify(definition ?? '').includes(JSON.stringify(asks));
    })
    .flatMap((machine) => [...expressProblems(gate, machine), ...endingProblems(machine)].map((text) => `[${machine.node.path}] ${text}`));
}

function expressProblems(gate: Construct, machine: CfnStateMachine): string[] {
  return machine.stateMachineType !== 'EXPRESS'
    ? []
    : [
        describeProblem({
          prop: 'stateMachineType',
          given: `EXPRESS, with a task of ${gate.node.path}`,
          allowed: "STANDARD: Step Functions' express machines wait for no task token",
          mend: 'leave stateMachineType out, and start an express machine from a state of the standard one where it is needed',
        }),
      ];
}

/** A task's own timeout is its expiry and some grace; a machine without a timeout of its own ends after a year. */
function endingProblems(machine: CfnStateMachine): string[] {
  const definition = definitionIn(machine);
  const longer = typeof definition?.TimeoutSeconds === 'number' ? definition.TimeoutSeconds : undefined;
  return tokenTasksIn(definition ?? {})
    .flatMap(({ state, timeout }) =>
      relationMessages(
        timeRelations.approvalInMachine,
        'timeout',
        { shorter: typeof timeout === 'number' ? timeout : undefined, longer },
        `raise the state machine's timeout, or lower the expiry of '${state}'`,
      ),
    )
    .slice(0, 1);
}
