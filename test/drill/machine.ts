import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Definition } from '../../local/stepfunctions/definition';
import { ActiveActivePaymentsApi, LedgerReplica, PaymentsAuthorization, RegionDrill, RegionDrillProps } from '../../src/index';
import { newStack, regions } from '../cdk/stacks';

/** A drill of us-east-1 that stands in us-west-2. */
export function drillIn(stack: Stack = newStack('us-west-2'), props: Partial<RegionDrillProps> = {}): RegionDrill {
  const api =
    props.api ??
    new ActiveActivePaymentsApi(stack, 'Api', {
      ledger: LedgerReplica.of(stack, 'acme-pay', regions),
      authorization: PaymentsAuthorization.jwt({ issuer: 'https://login.example.com', audience: ['payments'], tenantClaim: 'tenant' }),
    });
  return new RegionDrill(stack, 'Drill', {
    api,
    region: 'us-east-1',
    publicName: 'pay.example.com',
    prober: {
      tokenUrl: 'https://login.example.com/token',
      clientSecret: Secret.fromSecretNameV2(stack, 'Client', 'acme-pay/drill-client'),
    },
    ...props,
  });
}

/** The state machine's definition, its functions by their logical IDs. */
export function definitionOf(stack: Stack): Definition {
  const [machine] = Object.values(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine'));
  const { DefinitionString: text } = machine.Properties as { DefinitionString: { 'Fn::Join': [string, unknown[]] } };
  const render = (part: { Ref?: string; 'Fn::GetAtt'?: [string, string] }): string =>
    part['Fn::GetAtt'] ? `arn:aws:lambda:us-west-2:111122223333:function:${part['Fn::GetAtt'][0]}` : (part.Ref ?? '');
  const parts = text['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : render(part as object)));
  return JSON.parse(parts.join('')) as Definition;
}
