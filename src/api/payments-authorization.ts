import { Duration, Token } from 'aws-cdk-lib';
import { AuthorizationType, IAuthorizer, MethodOptions, TokenAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { TenantSource, apiLimits, authorizerEnv, jwtAlgorithms, tenantContextKey, tenantPattern } from './contract';
import { PropProblem, invalidProps } from '../cdk/invalid-props';

/** Callers with a JWT of an OpenID Connect issuer. */
export interface JwtAuthorizationProps {
  /** The token's `iss`, an https URL. */
  readonly issuer: string;

  /** Audiences of which a token must bear one. */
  readonly audience: string[];

  /** Top-level claim that names the caller's tenant, taken literally. */
  readonly tenantClaim: string;

  /**
   * Where the issuer's keys are, an https URL.
   *
   * @default - `<issuer>/.well-known/jwks.json`
   */
  readonly jwksUri?: string;

  /**
   * A fixed key set as JSON, at most 2,560 bytes: then no key is fetched, and the region does not depend on the issuer being up.
   *
   * @default - fetched from `jwksUri`
   */
  readonly jwks?: string;

  /**
   * Signature algorithms to accept: RS256, RS384, RS512, ES256, ES384, ES512, EdDSA.
   *
   * @default - all of these
   */
  readonly algorithms?: string[];

  /**
   * Scopes of which a token must bear one.
   *
   * @default - none is asked for
   */
  readonly scopes?: string[];

  /**
   * How long a verified token is remembered, 0 to 1 hour. A token revoked or expired meanwhile still passes.
   *
   * @default Duration.minutes(1)
   */
  readonly cacheTtl?: Duration;
}

/** Callers with a token of a Cognito user pool. */
export interface CognitoAuthorizationProps {
  /** ID of the user pool, such as `us-east-1_AbCdEfGhI`. It may be in another region. */
  readonly userPoolId: string;

  /** App clients whose tokens are accepted. */
  readonly clientIds: string[];

  /** Claim that names the caller's tenant, such as `custom:tenant`. */
  readonly tenantClaim: string;

  /**
   * Kind of token.
   *
   * @default CognitoTokenUse.ACCESS
   */
  readonly tokenUse?: CognitoTokenUse;

  /**
   * How long a verified token is remembered, 0 to 1 hour.
   *
   * @default Duration.minutes(1)
   */
  readonly cacheTtl?: Duration;
}

/** Kind of Cognito token. */
export enum CognitoTokenUse {
  /** Access token. */
  ACCESS = 'access',
  /** ID token. */
  ID = 'id',
}

/** Callers that sign with AWS credentials. */
export interface IamAuthorizationProps {
  /**
   * Tenant by principal: ARN of an IAM role or user, or an account ID for all principals of the account. Anyone else gets 403.
   * The API's resource policy lets in exactly these, also from other accounts.
   *
   * @default - the tenant is the caller's account ID
   */
  readonly tenants?: { [principal: string]: string };
}

/** A team's own authorizer. */
export interface CustomAuthorizationProps {
  /** The authorizer, in the same stack as the API. */
  readonly authorizer: IAuthorizer;

  /**
   * Key of the authorizer's context that holds the caller's tenant.
   *
   * @default 'tenant'
   */
  readonly tenantContextKey?: string;
}

/** @internal What an authorization needs of the API to make its function. */
export interface AuthorizerHost {
  readonly systemName: string;
  makeFunction(environment: Record<string, string>): IFunction;
}

/** @internal What the API needs of an authorization. */
export interface BoundAuthorization {
  readonly methodOptions: MethodOptions;
  readonly tenantSource: TenantSource;
  /** ARNs or account IDs that the API itself must let in. */
  readonly principals?: string[];
}

/** Who may call, and whose tenant they are. There is no default: a payments API that lets anyone in is a mistake. */
export class PaymentsAuthorization {
  /** Bearer tokens of an OpenID Connect issuer, verified in each region by itself. */
  public static jwt(props: JwtAuthorizationProps): PaymentsAuthorization {
    const env = {
      audience: JSON.stringify(props.audience),
      tenantClaim: props.tenantClaim,
      issuer: props.issuer,
      jwksUri: props.jwksUri,
      jwks: props.jwks,
      algorithms: props.algorithms && JSON.stringify(props.algorithms),
      scopes: props.scopes && JSON.stringify(props.scopes),
    };
    return PaymentsAuthorization.token(env, props.cacheTtl, () => jwtProblem(props));
  }

  /** Tokens of a Cognito user pool, verified in each region by itself. */
  public static cognito(props: CognitoAuthorizationProps): PaymentsAuthorization {
    const env = {
      audience: JSON.stringify(props.clientIds),
      tenantClaim: props.tenantClaim,
      userPoolId: props.userPoolId,
      tokenUse: props.tokenUse ?? CognitoTokenUse.ACCESS,
    };
    return PaymentsAuthorization.token(env, props.cacheTtl, () => emptyProblem('clientIds', props.clientIds) ?? blankProblem('tenantClaim', props.tenantClaim));
  }

  /** Requests signed with AWS credentials. Callers sign with SigV4A (region set `*`), so that a request is good in whichever region it lands. */
  public static iam(props: IamAuthorizationProps = {}): PaymentsAuthorization {
    return new PaymentsAuthorization((scope) => {
      const problem = tenantsProblem(props.tenants);
      if (problem) throw invalidProps(scope, problem);
      const tenantSource: TenantSource = props.tenants ? { kind: 'iamPrincipals', tenants: props.tenants } : { kind: 'iamAccount' };
      return { methodOptions: { authorizationType: AuthorizationType.IAM }, tenantSource, principals: Object.keys(props.tenants ?? {}) };
    });
  }

  /** An authorizer of the team's own, which must put the tenant into its context. */
  public static custom(props: CustomAuthorizationProps): PaymentsAuthorization {
    return new PaymentsAuthorization((scope) => {
      const key = props.tenantContextKey ?? tenantContextKey;
      const problem = blankProblem('tenantContextKey', key);
      if (problem) throw invalidProps(scope, problem);
      return { methodOptions: { authorizer: props.authorizer, authorizationType: authorizationTypeOf(props.authorizer) }, tenantSource: { kind: 'context', key } };
    });
  }

  private static token(env: TokenEnvironment, cacheTtl: Duration | undefined, problemOf: () => PropProblem | undefined): PaymentsAuthorization {
    return new PaymentsAuthorization((scope, host) => {
      const problem = problemOf() ?? cacheProblem(cacheTtl);
      if (problem) throw invalidProps(scope, problem);
      const authorizer = new TokenAuthorizer(scope, 'TokenAuthorizer', {
        handler: host.makeFunction(authorizerEnv.write({ systemName: host.systemName, ...env })),
        resultsCacheTtl: cacheTtl ?? Duration.minutes(1),
      });
      return { methodOptions: { authorizer, authorizationType: AuthorizationType.CUSTOM }, tenantSource: { kind: 'context', key: tenantContextKey } };
    });
  }

  private constructor(private readonly bind: (scope: Construct, host: AuthorizerHost) => BoundAuthorization) {}

  /** @internal Checks the props and makes what the authorization needs. */
  public _bind(scope: Construct, host: AuthorizerHost): BoundAuthorization {
    return this.bind(scope, host);
  }
}

type TokenEnvironment = Omit<Parameters<typeof authorizerEnv.write>[0], 'systemName'>;

function authorizationTypeOf(authorizer: IAuthorizer): AuthorizationType {
  return authorizer.authorizationType ?? AuthorizationType.CUSTOM;
}

function jwtProblem(props: JwtAuthorizationProps): PropProblem | undefined {
  return urlProblem('issuer', props.issuer)
    ?? (props.jwksUri === undefined ? undefined : urlProblem('jwksUri', props.jwksUri))
    ?? emptyProblem('audience', props.audience)
    ?? blankProblem('tenantClaim', props.tenantClaim)
    ?? jwksProblem(props.jwks)
    ?? algorithmProblem(props.algorithms);
}

function urlProblem(prop: string, url: string): PropProblem | undefined {
  if (Token.isUnresolved(url) || /^https:\/\/[^/\s]+/.test(url)) return undefined;
  return { prop: `authorization.${prop}`, given: `'${url}'`, allowed: 'an https URL', mend: 'write the URL exactly as the issuer puts it into its tokens' };
}

function emptyProblem(prop: string, list: string[]): PropProblem | undefined {
  if (list.length > 0 && list.every((entry) => entry !== '')) return undefined;
  return { prop: `authorization.${prop}`, given: JSON.stringify(list), allowed: 'at least one name', mend: 'name whom the tokens are for: else any token of the issuer would pass' };
}

function blankProblem(prop: string, text: string): PropProblem | undefined {
  return text !== '' ? undefined : { prop: `authorization.${prop}`, given: 'empty', allowed: 'a name', mend: 'name where the tenant is found' };
}

function jwksProblem(jwks: string | undefined): PropProblem | undefined {
  if (jwks === undefined || Token.isUnresolved(jwks)) return undefined;
  const allowed = `a JSON key set {"keys": [...]} of at most ${apiLimits.fixedJwksBytes} bytes`;
  if (Buffer.byteLength(jwks) > apiLimits.fixedJwksBytes) {
    return { prop: 'authorization.jwks', given: `${Buffer.byteLength(jwks)} bytes`, allowed, mend: 'leave out keys that are not in use, or let them be fetched (jwksUri)' };
  }
  try {
    if (Array.isArray((JSON.parse(jwks) as { keys?: unknown }).keys)) return undefined;
  } catch { /* told below */ }
  return { prop: 'authorization.jwks', given: 'not a key set', allowed, mend: 'paste what the issuer serves at its jwks_uri' };
}

function algorithmProblem(algorithms: string[] | undefined): PropProblem | undefined {
  const known: readonly string[] = jwtAlgorithms;
  if (algorithms === undefined || (algorithms.length > 0 && algorithms.every((name) => known.includes(name)))) return undefined;
  return { prop: 'authorization.algorithms', given: JSON.stringify(algorithms), allowed: known.join(', '), mend: 'leave it out to accept all of these' };
}

function cacheProblem(cacheTtl: Duration | undefined): PropProblem | undefined {
  if (cacheTtl === undefined || cacheTtl.toSeconds() <= 3600) return undefined;
  return { prop: 'authorization.cacheTtl', given: `${cacheTtl.toSeconds()} s`, allowed: '0 to 3600 seconds', mend: 'leave it out for 1 minute' };
}

function tenantsProblem(tenants: { [principal: string]: string } | undefined): PropProblem | undefined {
  if (tenants === undefined) return undefined;
  const prop = 'authorization.tenants';
  const bytes = Buffer.byteLength(JSON.stringify(tenants));
  if (bytes > apiLimits.tenantSourceBytes) {
    return { prop, given: `${bytes} bytes`, allowed: `${apiLimits.tenantSourceBytes} bytes as JSON`, mend: 'use PaymentsAuthorization.custom with a lookup of your own' };
  }
  const wrong = Object.entries(tenants).find(([principal, tenant]) => !/^(\d{12}|arn:[^:]+:iam::\d{12}:(role|user)\/.+)$/.test(principal) || !tenantPattern.test(tenant));
  if (wrong) {
    return {
      prop, given: `${wrong[0]}: '${wrong[1]}'`, allowed: 'ARN of an IAM role or user, or a 12-digit account ID, to a tenant of 1 to 128 visible ASCII characters without #',
      mend: 'correct the entry',
    };
  }
  return Object.keys(tenants).length > 0 ? undefined : { prop, given: 'empty', allowed: 'at least one principal', mend: 'leave it out to use the account ID as tenant' };
}
