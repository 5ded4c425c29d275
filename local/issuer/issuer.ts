import { randomUUID } from 'node:crypto';
import { signingKey } from './keys';
import { authorizerEnv } from '../../src/api/contract';
import { LocalRunError } from '../ground/failure';
import type { CfnResource, CfnTemplate, Issuer, StackPlan } from '../ground/model';

/** What the deployed authorizer expects of a token. */
export interface IssuerSettings {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly tenantClaim: string;
  /** One of these signs; default RS256. */
  readonly algorithms?: readonly string[];
  /** Names of the scopes that the API asks for; it asks for none when absent. */
  readonly scopes?: readonly string[];
  /** Claim that holds them; default `scope`. */
  readonly scopeClaim?: string;
  /** Set for a Cognito user pool. */
  readonly tokenUse?: string;
}

/** Names of the authorizer's variables, by asking its codec: a function that has the first is a JWT authorizer of this package. */
const audienceVariable = variableOf('audience');
const jwksVariable = variableOf('jwks');

const defaultLifetimeSeconds = 12 * 3600;

/** Reads what the app's JWT authorizer expects; undefined when no stack has one. Throws when two stacks differ. */
export function issuerSettings(stacks: readonly StackPlan[]): IssuerSettings | undefined {
  const issuers = stacks.flatMap((stack) =>
    authorizers(stack.template).map(([logicalId, resource]) => ({
      where: `${stack.name}/${logicalId}`,
      settings: settingsOf(`${stack.name}/${logicalId}`, variablesOf(resource) as Record<string, unknown>, stack.region),
    })),
  );
  const [first, ...others] = issuers;
  const different = others.find((other) => JSON.stringify(other.settings) !== JSON.stringify(first.settings));
  if (different) {
    throw new LocalRunError(
      `the authorizers ${first.where} and ${different.where} expect different tokens: ` +
        'a token must be accepted in every region, give both the same issuer, audience and tenant claim',
    );
  }
  return first?.settings;
}

/** An issuer with a key pair of its own. Make one per run, before the deploy. */
export function issuerFor(settings: IssuerSettings): Issuer {
  const key = signingKey(pickAlgorithm(settings.algorithms ?? ['RS256']));
  return {
    jwks: { keys: [key.jwk] },
    scopes: settings.scopes ?? [],
    token: ({ tenant, subject, lifetimeSeconds, scopes = settings.scopes }) =>
      key.token(
        {
          iss: settings.issuer,
          sub: subject ?? `${tenant}-caller`,
          aud: settings.audience[0],
          jti: randomUUID(),
          // Cognito's groups are a list, its scopes and everybody else's one text.
          ...(scopes ? { [settings.scopeClaim ?? 'scope']: settings.scopeClaim === 'cognito:groups' ? scopes : scopes.join(' ') } : {}),
          ...(settings.tokenUse
            ? { token_use: settings.tokenUse, client_id: settings.audience.find((client) => client === tenant) ?? settings.audience[0] }
            : {}),
          ...(settings.tenantClaim === 'client_id' && settings.tokenUse ? {} : { [settings.tenantClaim]: tenant }),
        },
        lifetimeSeconds ?? defaultLifetimeSeconds,
      ),
  };
}

/**
 * Gives the template's JWT authorizer functions the issuer's key set, where no network is needed to fetch it. Returns how many were given
 * it.
 */
export function injectKeySet(template: CfnTemplate, issuer: Issuer): number {
  const authorizer = authorizers(template);
  for (const [, resource] of authorizer) (variablesOf(resource) as Record<string, unknown>)[jwksVariable] = JSON.stringify(issuer.jwks);
  return authorizer.length;
}

function authorizers(template: CfnTemplate): [string, CfnResource][] {
  return Object.entries(template.Resources).filter(
    ([, resource]) => resource.Type === 'AWS::Lambda::Function' && variablesOf(resource)?.[audienceVariable] !== undefined,
  );
}

function variableOf(property: 'audience' | 'jwks'): string {
  const mark = 'here';
  const written = authorizerEnv.write({ systemName: '', audience: '', tenantClaim: '', [property]: mark });
  return Object.keys(written).find((name) => written[name] === mark) as string;
}

function variablesOf(resource: CfnResource): Record<string, unknown> | undefined {
  return resource.Properties?.Environment?.Variables;
}

function settingsOf(where: string, variables: Record<string, unknown>, region: string): IssuerSettings {
  const unresolved = Object.entries(variables).find(([name, value]) => name.startsWith('AUTHORIZER_') && typeof value !== 'string');
  if (unresolved) {
    throw new LocalRunError(
      `${unresolved[0]} of the authorizer ${where} is ${JSON.stringify(unresolved[1])}, known only after a deploy on AWS: ` +
        "give the local run's app plain text for its issuer, audience and tenant claim",
    );
  }
  const values = authorizerEnv.read(variables as Record<string, string>);
  const pool = values.userPoolId;
  return {
    issuer: values.issuer ?? `https://cognito-idp.${pool?.split('_')[0] ?? region}.amazonaws.com/${pool}`,
    audience: list(values.audience),
    tenantClaim: values.tenantClaim,
    algorithms: values.algorithms === undefined ? undefined : list(values.algorithms),
    scopes: values.scopes === undefined ? undefined : list(values.scopes),
    scopeClaim: values.scopeClaim,
    tokenUse: pool === undefined ? undefined : (values.tokenUse ?? 'access'),
  };
}

function list(text: string): string[] {
  return JSON.parse(text) as string[];
}

function pickAlgorithm(accepted: readonly string[]): 'RS256' | 'ES256' {
  if (accepted.includes('RS256')) return 'RS256';
  if (accepted.includes('ES256')) return 'ES256';
  throw new LocalRunError(
    `the authorizer accepts ${accepted.join(', ')} only: the local issuer signs with RS256 or ES256, allow one of them`,
  );
}
