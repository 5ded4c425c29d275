import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ApprovalGate } from '../../src/approvals/constructs/approval-gate';
import { ApproverIdentity } from '../../src/approvals/constructs/approver-identity';
import { ApprovalGateProps } from '../../src/approvals/constructs/gate-options';
import { newStack } from '../cdk/stacks';

/** It comes without types. */
export const aslValidator =
  jest.requireActual<(definition: object) => { readonly isValid: boolean; readonly errors: unknown[] }>('asl-validator');

export const identity = ApproverIdentity.oidc({ issuer: 'https://login.example.com', clientId: 'gate' });

export function gateIn(stack: Stack, change: Partial<ApprovalGateProps> = {}): ApprovalGate {
  return new ApprovalGate(stack, 'Gate', { gateName: 'acme-gate', identity, approverGroups: ['approvers'], ...change });
}

export type Resources = Record<string, { Type: string; Properties: Record<string, any>; DeletionPolicy?: string }>;

export function resourcesOf(change: Partial<ApprovalGateProps> = {}, stack = newStack('eu-central-1')): Resources {
  gateIn(stack, change);
  return Template.fromStack(stack).toJSON().Resources as Resources;
}

export const ofType = (resources: Resources, type: string): Resources[string][] =>
  Object.values(resources).filter((resource) => resource.Type === type);

export function functionOf(resources: Resources, description: string): Record<string, any> {
  return ofType(resources, 'AWS::Lambda::Function').find(({ Properties }) => Properties.Description === `acme-gate: ${description}`)!
    .Properties;
}

/** What the function's role may do: action to resources. */
export function rightsOf(resources: Resources, description: string): Record<string, unknown> {
  const role = functionOf(resources, description).Role['Fn::GetAtt'][0] as string;
  const statements = ofType(resources, 'AWS::IAM::Policy')
    .filter(({ Properties }) => Properties.Roles.some((each: { Ref: string }) => each.Ref === role))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[]);
  return Object.fromEntries(statements.flatMap(({ Action, Resource }) => [Action].flat().map((action) => [action, Resource])));
}
