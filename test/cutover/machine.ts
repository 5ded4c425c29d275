import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { ApprovalGate } from '../../src/approvals/constructs/approval-gate';
import { ApproverIdentity } from '../../src/approvals/constructs/approver-identity';
import { PhasedCutoverStateMachineProps } from '../../src/cutover/constructs/phased-cutover-props';
import { PhasedCutoverStateMachine } from '../../src/cutover/constructs/phased-cutover-state-machine';
import { homeRegions, newStack } from '../cdk/stacks';

export const watched = [
  { region: 'eu-central-1', alarmName: 'errors' },
  { region: 'us-east-1', alarmName: 'errors' },
];

/** A cutover from us-east-1 to eu-central-1, with short times. */
export function cutoverIn(
  stack: Stack = newStack('eu-central-1'),
  props: Partial<PhasedCutoverStateMachineProps> = {},
  gated = true,
): PhasedCutoverStateMachine {
  const gate = gated
    ? new ApprovalGate(stack, 'Gate', {
        gateName: 'acme-gate',
        approvers: ['bob@example.com', 'carol@example.com'],
        identity: ApproverIdentity.oidc({ issuer: 'https://login.example.com', clientId: 'approvals' }),
      })
    : undefined;
  return new PhasedCutoverStateMachine(stack, 'Cutover', {
    systemName: 'acme-pay',
    regions: homeRegions,
    source: 'us-east-1',
    target: 'eu-central-1',
    publicName: 'pay.example.com',
    hostedZone: HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.com' }),
    alarms: watched,
    ...(gate ? { gate } : {}),
    recordTtl: Duration.seconds(10),
    ...props,
  });
}

/** The state machine's definition, its tokens as texts. */
export function definitionOf(stack: Stack): Record<string, any> {
  const [machine] = Object.values(
    Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine', { Properties: { StateMachineName: 'acme-pay-cutover' } }),
  );
  const { DefinitionString: text } = machine.Properties as { DefinitionString: { 'Fn::Join': [string, unknown[]] } };
  const known: Readonly<Record<string, string>> = { 'AWS::Partition': 'aws' };
  const render = (part: { Ref?: string; 'Fn::GetAtt'?: [string, string] }): string =>
    part['Fn::GetAtt']
      ? `arn:aws:lambda:eu-central-1:111122223333:function:${part['Fn::GetAtt'][0]}`
      : (known[part.Ref ?? ''] ?? `<${part.Ref}>`);
  return JSON.parse(text['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : render(part as object))).join('')) as Record<
    string,
    any
  >;
}
