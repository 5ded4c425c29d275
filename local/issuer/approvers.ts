import { randomUUID } from 'node:crypto';
import { signingKey } from './keys';
import { gateEnv, readIdentity, type GateIdentity } from '../../src/approvals/contract';
import type { CfnResource, CfnTemplate, StackPlan } from '../ground/model';

type OidcIdentity = Extract<GateIdentity, { kind: 'oidc' }>;

/** The provider at which approvers sign in, in place of the one that the gates name. */
export interface ApproverIssuer {
  /** Public keys. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  /** An ID token in somebody's name, whoever that is; valid for an hour. */
  token(name: string, claims?: Readonly<Record<string, unknown>>): string;
}

/** Names of the gates' variables, by asking their codec. */
const variables = (() => {
  const names = { gateName: 'gateName', tableName: '', rules: 'rules', baseUrl: 'baseUrl', identity: 'identity', jwks: 'jwks' };
  const written = gateEnv.write(names);
  const of = (member: keyof typeof names): string => Object.keys(written).find((name) => written[name] === names[member])!;
  return { gateName: of('gateName'), rules: of('rules'), baseUrl: of('baseUrl'), identity: of('identity'), jwks: of('jwks') };
})();

const lifetimeSeconds = 3600;

/** Of people who start something that no gate stands before. */
const withoutGate = {
  issuer: 'https://approvers.local',
  audience: ['approvals'],
  clientId: 'approvals',
  nameClaim: 'name',
  identityClaim: 'email',
};

/** An issuer for the gates' approvers; undefined when nothing takes their tokens. The first gate's settings count. */
export function approverIssuer(stacks: readonly StackPlan[], takenElsewhere = false): ApproverIssuer | undefined {
  const gated = stacks.flatMap(({ template }) => gateFunctions(template)).flatMap((resource) => identityOf(resource) ?? [])[0];
  const identity = gated ?? (takenElsewhere ? withoutGate : undefined);
  if (!identity) return undefined;
  // Short, since it stands in a function's environment.
  const key = signingKey('ES256');
  return {
    jwks: { keys: [key.jwk] },
    token: (name, claims = {}) =>
      key.token(
        {
          iss: identity.issuer,
          sub: name,
          aud: identity.audience[0] ?? identity.clientId,
          jti: randomUUID(),
          email: name,
          email_verified: true,
          [identity.nameClaim]: name,
          [identity.identityClaim]: name,
          ...claims,
        },
        lifetimeSeconds,
      ),
  };
}

/** Lets the gates of a template send people to the front door, and take the issuer's tokens. */
export function adaptGates(template: CfnTemplate, frontDoor: string, issuer?: ApproverIssuer): void {
  for (const resource of gateFunctions(template)) {
    const environment = variablesOf(resource)!;
    if (environment[variables.baseUrl] !== undefined) environment[variables.baseUrl] = frontDoor;
    const identity = identityOf(resource);
    if (!identity || !issuer) continue;
    const signIn = `${frontDoor}/_local/sign-in`;
    environment[variables.identity] = JSON.stringify({
      ...identity,
      authorizationEndpoint: `${signIn}/authorize`,
      tokenEndpoint: `${signIn}/token`,
    });
    environment[variables.jwks] = JSON.stringify(issuer.jwks);
  }
}

/** What a function's environment says of its gate; undefined for any other function. */
export function gateOf(
  environment?: Readonly<Record<string, unknown>>,
): { readonly name: string; readonly approvers: readonly string[] } | undefined {
  const name = environment?.[variables.gateName];
  // What starts machines has a gate's name too, and no approvers.
  if (typeof name !== 'string' || environment![variables.rules] === undefined) return undefined;
  const rules = JSON.parse(String(environment![variables.rules] ?? '{}')) as { people?: string[] };
  return { name, approvers: rules.people ?? [] };
}

/** Functions of gates, and others that know people as a gate does. */
function gateFunctions(template: CfnTemplate): CfnResource[] {
  const has = (resource: CfnResource, variable: string): boolean => variablesOf(resource)?.[variable] !== undefined;
  return Object.values(template.Resources).filter(
    (resource) => resource.Type === 'AWS::Lambda::Function' && (has(resource, variables.gateName) || has(resource, variables.identity)),
  );
}

function identityOf(resource: CfnResource): OidcIdentity | undefined {
  const text = variablesOf(resource)?.[variables.identity];
  const identity = typeof text === 'string' ? readIdentity(text) : undefined;
  return identity?.kind === 'oidc' ? identity : undefined;
}

function variablesOf(resource: CfnResource): Record<string, unknown> | undefined {
  return resource.Properties?.Environment?.Variables as Record<string, unknown> | undefined;
}
