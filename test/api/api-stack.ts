import { Template } from 'aws-cdk-lib/assertions';
import { ActiveActivePaymentsApi, ActiveActivePaymentsApiProps, LedgerReplica, PaymentsAuthorization } from '../../src/index';
import { newStack, regions } from '../cdk/stacks';

export const jwt = { issuer: 'https://login.example.com', audience: ['payments'], tenantClaim: 'tenant' };
/** The scopes as a token names them, by default. */
export const names = { operate: 'payments/operate', pay: 'payments/pay', read: 'payments/read' };

/** The API of a strong ledger, and the template of its stack. */
export function apiOf(
  props: Partial<ActiveActivePaymentsApiProps> = {},
  stack = newStack(),
): { api: ActiveActivePaymentsApi; template: Template } {
  const api = new ActiveActivePaymentsApi(stack, 'Api', {
    ledger: LedgerReplica.of(stack, 'acme-pay', regions),
    authorization: PaymentsAuthorization.jwt(jwt),
    ...props,
  });
  return { api, template: Template.fromStack(stack) };
}

/** Methods by path, with their authorization. */
export function methods(from: Template): Record<string, string> {
  const resources = from.findResources('AWS::ApiGateway::Resource');
  const pathOf = (reference: { Ref?: string }): string => {
    const found = reference.Ref === undefined ? undefined : resources[reference.Ref];
    const part = found?.Properties.PathPart;
    return found ? `${pathOf(found.Properties.ParentId)}/${typeof part === 'string' ? part : JSON.stringify(part)}` : '';
  };
  return Object.fromEntries(
    Object.values(from.findResources('AWS::ApiGateway::Method')).map(({ Properties }) => [
      `${Properties.HttpMethod} ${pathOf(Properties.ResourceId) || '/'}`,
      Properties.AuthorizationType,
    ]),
  );
}

/** The environment of the function with this name in its description. */
export function environmentOf(from: Template, name: string): Record<string, unknown> {
  const functions = from.findResources('AWS::Lambda::Function', { Properties: { Description: `acme-pay: ${name}` } });
  return Object.values(functions)[0].Properties.Environment.Variables;
}
