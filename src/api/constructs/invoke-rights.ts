import { ArnFormat, Stack } from 'aws-cdk-lib';
import { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { AccountPrincipal, AnyPrincipal, ArnPrincipal, Grant, IGrantable, IPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { ApiScope } from '../caller.contract';
import { apiRoutes } from '../contract';
import { IamCaller } from './authorization-props';

/** `METHOD/path` of each call of a scope, as IAM writes them; `*` for what the caller names. */
function callsOf(scope: ApiScope): string[] {
  return apiRoutes.filter((route) => route.scope === scope).map(({ method, path }) => `${method}${path.replace(/\{\w+\}/g, '*')}`);
}

/** Lets a principal make the calls of a scope. */
export function grantInvoke(api: RestApi, scope: ApiScope, grantee: IGrantable): Grant {
  const stage = `${api.restApiId}/${api.deploymentStage.stageName}`;
  const arnOf = (call: string): string =>
    Stack.of(api).formatArn({ service: 'execute-api', resource: stage, resourceName: call, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  return Grant.addToPrincipal({ grantee, actions: ['execute-api:Invoke'], resourceArns: callsOf(scope).map(arnOf) });
}

/**
 * Lets each caller in to the calls of its scopes. Callers of other accounts need the API's own leave; with such a policy everyone else does
 * too, and the health of a region is for everyone.
 */
export function allowCallers(api: RestApi, callers: { readonly [principal: string]: IamCaller }): void {
  if (Object.keys(callers).length === 0) return;
  const allow = (calls: string[], ...principals: IPrincipal[]) =>
    api.addToResourcePolicy(
      new PolicyStatement({ principals, actions: ['execute-api:Invoke'], resources: calls.map((call) => `execute-api:/*/${call}`) }),
    );
  for (const scope of new Set(Object.values(callers).flatMap(({ scopes }) => scopes))) {
    const holders = Object.keys(callers).filter((principal) => callers[principal].scopes.includes(scope));
    allow(
      callsOf(scope),
      ...holders.map((principal) => (/^\d{12}$/.test(principal) ? new AccountPrincipal(principal) : new ArnPrincipal(principal))),
    );
  }
  allow(['GET/health', 'GET/health/*'], new AnyPrincipal());
}
