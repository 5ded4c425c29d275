import { Duration, Token } from 'aws-cdk-lib';
import { apiScopes, tenantPattern } from '../caller.contract';
import { apiLimits } from '../contract';
import { CognitoAuthorizationProps, CognitoTokenUse, IamCaller, JwtAuthorizationProps } from './authorization-props';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { jwtAlgorithms } from '../../kernel/jwt';

/** What is wrong with the props of Cognito's callers. */
export function cognitoProblem(props: CognitoAuthorizationProps): PropProblem | undefined {
  const problem =
    emptyProblem('clientIds', props.clientIds) ??
    (props.tenantClaim === undefined ? undefined : blankProblem('tenantClaim', props.tenantClaim));
  if (problem || props.tokenUse !== CognitoTokenUse.ID) return problem;
  if (props.tenantClaim === undefined) {
    return {
      prop: 'authorization.tenantClaim',
      given: 'missing, for ID tokens',
      allowed: 'a claim that an ID token has',
      mend: 'name an attribute that users cannot write, or take access tokens',
    };
  }
  if (props.scopeClaim !== undefined || (props.scopes && props.scopes._names === undefined)) return undefined;
  return {
    prop: 'authorization.scopeClaim',
    given: 'missing, for ID tokens, which have no scopes',
    allowed: "the name of a claim that lists the user's permissions, such as cognito:groups",
    mend: 'name the claim, take access tokens, or use PaymentsScopes.unchecked() if every caller may make every call',
  };
}

/** What is no mistake for certain, and mostly is one. */
export function cognitoWarning({
  tenantClaim,
  tokenUse,
}: {
  readonly tenantClaim: string;
  readonly tokenUse: CognitoTokenUse;
}): string | undefined {
  if (!tenantClaim.startsWith('custom:')) return undefined;
  if (tokenUse === CognitoTokenUse.ACCESS) {
    return (
      `the tenant is '${tenantClaim}', and Cognito's access tokens hold no attribute of a user: every call is refused, unless a pre ` +
      `token generation ` +
      'trigger of version V2_0 or V3_0 adds the claim. Leave tenantClaim out where each tenant has an app client of its own, or ' +
      "give such a trigger's claim a name of its own"
    );
  }
  return (
    `the tenant is '${tenantClaim}': a user whose app client may write this attribute chooses the tenant. Take it out of the ` +
    `WriteAttributes of every ` +
    'app client of the pool, also of those that are not named here, and let administrators alone set it'
  );
}

/** What is wrong with the props of callers with a JWT. */
export function jwtProblem(props: JwtAuthorizationProps): PropProblem | undefined {
  return (
    urlProblem('issuer', props.issuer) ??
    (props.jwksUri === undefined ? undefined : urlProblem('jwksUri', props.jwksUri)) ??
    emptyProblem('audience', props.audience) ??
    blankProblem('tenantClaim', props.tenantClaim) ??
    jwksProblem(props.jwks) ??
    algorithmProblem(props.algorithms)
  );
}

function urlProblem(prop: string, url: string): PropProblem | undefined {
  if (Token.isUnresolved(url) || /^https:\/\/[^/\s]+/.test(url)) return undefined;
  return {
    prop: `authorization.${prop}`,
    given: `'${url}'`,
    allowed: 'an https URL',
    mend: 'write the URL exactly as the issuer puts it into its tokens',
  };
}

function emptyProblem(prop: string, list: string[]): PropProblem | undefined {
  if (list.length > 0 && list.every((entry) => entry !== '')) return undefined;
  return {
    prop: `authorization.${prop}`,
    given: JSON.stringify(list),
    allowed: 'at least one name',
    mend: 'name the audience of the tokens: otherwise any token of the issuer would be accepted',
  };
}

/** What is wrong with the name of a claim, or of a key. */
export function blankProblem(prop: string, text: string): PropProblem | undefined {
  return text !== ''
    ? undefined
    : { prop: `authorization.${prop}`, given: 'empty', allowed: 'a name', mend: 'name the claim that holds the tenant' };
}

function jwksProblem(jwks: string | undefined): PropProblem | undefined {
  if (jwks === undefined || Token.isUnresolved(jwks)) return undefined;
  const allowed = `a JSON key set {"keys": [...]} of at most ${apiLimits.fixedJwksBytes} bytes`;
  if (Buffer.byteLength(jwks) > apiLimits.fixedJwksBytes) {
    return {
      prop: 'authorization.jwks',
      given: `${Buffer.byteLength(jwks)} bytes`,
      allowed,
      mend: 'remove keys that are not in use, or set jwksUri to have the keys fetched',
    };
  }
  try {
    if (Array.isArray((JSON.parse(jwks) as { keys?: unknown }).keys)) return undefined;
  } catch {
    /* told below */
  }
  return { prop: 'authorization.jwks', given: 'not a key set', allowed, mend: 'paste the JSON that the issuer serves at its jwks_uri' };
}

function algorithmProblem(algorithms: string[] | undefined): PropProblem | undefined {
  const known: readonly string[] = jwtAlgorithms;
  if (algorithms === undefined || (algorithms.length > 0 && algorithms.every((name) => known.includes(name)))) return undefined;
  return {
    prop: 'authorization.algorithms',
    given: JSON.stringify(algorithms),
    allowed: known.join(', '),
    mend: 'leave it out to accept all of these',
  };
}

/** What is wrong with the time for which a token is remembered. */
export function cacheProblem(cacheTtl: Duration | undefined): PropProblem | undefined {
  if (cacheTtl === undefined || cacheTtl.toSeconds() <= 3600) return undefined;
  return {
    prop: 'authorization.cacheTtl',
    given: `${cacheTtl.toSeconds()} s`,
    allowed: '0 to 3600 seconds',
    mend: 'leave it out for 1 minute',
  };
}

/** What is wrong with a list of principals. */
export function callersProblem(callers: { [principal: string]: IamCaller } | undefined): PropProblem | undefined {
  if (callers === undefined) return undefined;
  const prop = 'authorization.callers';
  const bytes = Buffer.byteLength(JSON.stringify(callers));
  if (bytes > apiLimits.callersBytes) {
    return {
      prop,
      given: `${bytes} bytes`,
      allowed: `at most ${apiLimits.callersBytes} bytes as JSON`,
      mend: 'use PaymentsAuthorization.custom with a lookup of your own',
    };
  }
  const known: readonly string[] = apiScopes;
  const right = (principal: string, { tenant, scopes }: IamCaller): boolean =>
    /^(\d{12}|arn:[^:]+:iam::\d{12}:(role|user)\/.+)$/.test(principal) &&
    tenantPattern.test(tenant) &&
    scopes.length > 0 &&
    scopes.every((name) => known.includes(name));
  const wrong = Object.entries(callers).find(([principal, caller]) => !right(principal, caller));
  if (wrong) {
    return {
      prop,
      given: `${wrong[0]}: ${JSON.stringify(wrong[1])}`,
      allowed:
        'ARN of an IAM role or user, or a 12-digit account ID, to a tenant of 1 to 128 visible ASCII characters without #, and at ' +
        'least one scope',
      mend: 'correct the entry',
    };
  }
  return Object.keys(callers).length > 0
    ? undefined
    : { prop, given: 'empty', allowed: 'at least one principal', mend: 'leave it out to use the account ID as tenant' };
}
