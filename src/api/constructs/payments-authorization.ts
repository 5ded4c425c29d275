import { Annotations, Duration, Token } from 'aws-cdk-lib';
import { AuthorizationType, IAuthorizer, MethodOptions, TokenAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { CallerSource, apiScopes, scopeContextKey, tenantContextKey, tenantPattern } from '../caller.contract';
import { apiLimits, authorizerEnv } from '../contract';
import { PaymentsScope, PaymentsScopes } from './payments-scopes';
import { PropProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkPlaces } from '../../cdk/checks/places';
import { jwtAlgorithms } from '../../kernel/jwt';

/** Callers with a JWT of an OpenID Connect issuer. */
export interface JwtAuthorizationProps {
  /** The token's `iss`, an https URL. */
  readonly issuer: string;

  /** Audiences of which a token must bear one. */
  readonly audience: string[];

  /**
   * Top-level claim that names the caller's tenant, taken literally. Only the issuer may write it: a claim that users can change, such as
   * an e-mail address or a profile's text, is no tenant.
   */
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
   * The scopes that calls need.
   *
   * @default - `payments/operate`, `payments/pay` and `payments/read`
   */
  readonly scopes?: PaymentsScopes;

  /**
   * Top-level claim that holds a token's scopes: a text with blanks between them, or a list.
   *
   * @default - `scope`, and `scp` where a token has no `scope`
   */
  readonly scopeClaim?: string;

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

  /**
   * Claim that names the caller's tenant. Access tokens hold no attributes of users, `custom:` ones too, unless a pre token generation
   * trigger of version V2_0 or V3_0 adds them. An attribute that the app client may write is the user's own text, and so no tenant.
   *
   * @default - `client_id`: each tenant has an app client of its own; must be given for ID tokens, which have none
   */
  readonly tenantClaim?: string;

  /**
   * Kind of token.
   *
   * @default CognitoTokenUse.ACCESS
   */
  readonly tokenUse?: CognitoTokenUse;

  /**
   * The scopes that calls need: those of a resource server of the pool.
   *
   * @default - of the resource server `payments`: `payments/operate`, `payments/pay` and `payments/read`
   */
  readonly scopes?: PaymentsScopes;

  /**
   * Claim that holds a token's scopes. ID tokens have no scopes: name another claim, such as `cognito:groups` for groups of these names.
   *
   * @default - `scope`; must be given for ID tokens whose scopes are asked for
   */
  readonly scopeClaim?: string;

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

/** A caller that signs with AWS credentials. */
export interface IamCaller {
  /** The tenant, 1 to 128 visible ASCII characters without `#`. */
  readonly tenant: string;

  /** What the caller may do; at least one. */
  readonly scopes: PaymentsScope[];
}

/** Callers that sign with AWS credentials. */
export interface IamAuthorizationProps {
  /**
   * Caller by principal: ARN of an IAM role or user, or an account ID for all principals of the account. Anyone else gets 403.
   * The API's resource policy lets in exactly these, also from other accounts, each to the calls of its scopes.
   *
   * @default - the tenant is the caller's account ID, and IAM alone says who may make which call: `grantPay`, `grantRead` and
   * `grantOperate` of the API
   */
  readonly callers?: { [principal: string]: IamCaller };
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

  /**
   * The scopes that calls need.
   *
   * @default - `payments/operate`, `payments/pay` and `payments/read`
   */
  readonly scopes?: PaymentsScopes;

  /**
   * Key of the authorizer's context that holds the names of the caller's scopes, a text with blanks between them.
   *
   * @default 'scope'
   */
  readonly scopeContextKey?: string;
}

/** @internal What an authorization needs of the API to make its function. */
export interface AuthorizerHost {
  readonly systemName: string;
  makeFunction(environment: Record<string, string>): IFunction;
}

/** @internal What the API needs of an authorization. */
export interface BoundAuthorization {
  readonly methodOptions: MethodOptions;
  readonly callerSource: CallerSource;
  /** Callers that the API itself must let in, by ARN or account ID. */
  readonly callers?: { [principal: string]: IamCaller };
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
      scopeClaim: props.scopeClaim,
    };
    return PaymentsAuthorization.token(env, props, () => jwtProblem(props));
  }

  /** Tokens of a Cognito user pool, verified in each region by itself. */
  public static cognito(props: CognitoAuthorizationProps): PaymentsAuthorization {
    const tokenUse = props.tokenUse ?? CognitoTokenUse.ACCESS;
    const env = {
      audience: JSON.stringify(props.clientIds),
      tenantClaim: props.tenantClaim ?? cognitoClientClaim,
      userPoolId: props.userPoolId,
      tokenUse,
      scopeClaim: props.scopeClaim,
    };
    return PaymentsAuthorization.token(env, props, () => cognitoProblem(props), cognitoWarning(env));
  }

  /**
   * Requests signed with AWS credentials. Callers sign with SigV4A (region set `*`), so that a request is good in whichever region it
   * lands.
   */
  public static iam(props: IamAuthorizationProps = {}): PaymentsAuthorization {
    return new PaymentsAuthorization((scope) => {
      const { callers } = props;
      checkLiterals(scope, props, { prefix: 'authorization.' });
      const problem = callersProblem(callers);
      if (problem) throw invalidProps(scope, problem);
      const callerSource: CallerSource = callers ? { kind: 'iamPrincipals', callers } : { kind: 'iamAccount' };
      return { methodOptions: { authorizationType: AuthorizationType.IAM }, callerSource, callers };
    });
  }

  /** An authorizer of the team's own, which must put the tenant and its scopes into its context. */
  public static custom(props: CustomAuthorizationProps): PaymentsAuthorization {
    return new PaymentsAuthorization((scope) => {
      const key = props.tenantContextKey ?? tenantContextKey;
      const scopeKey = props.scopeContextKey ?? scopeContextKey;
      const scopes = props.scopes ?? PaymentsScopes.named({});
      const problem = blankProblem('tenantContextKey', key) ?? blankProblem('scopeContextKey', scopeKey) ?? scopes._problem();
      if (problem) throw invalidProps(scope, problem);
      checkLiterals(scope, props, { prefix: 'authorization.' });
      checkPlaces(scope, 'CustomAuthorizationProps', props, 'authorization.');
      return {
        methodOptions: { authorizer: props.authorizer, authorizationType: authorizationTypeOf(props.authorizer) },
        callerSource: { kind: 'context', key, ...(scopes._names && { scopeKey, names: scopes._names }) },
      };
    });
  }

  private static token(
    env: TokenEnvironment,
    props: TokenOptions,
    problemOf: () => PropProblem | undefined,
    warning?: string,
  ): PaymentsAuthorization {
    const { cacheTtl, scopes = PaymentsScopes.named({}) } = props;
    return new PaymentsAuthorization((scope, host) => {
      checkLiterals(scope, props, { prefix: 'authorization.', texts: ['algorithms'] });
      const problem = problemOf() ?? cacheProblem(cacheTtl) ?? scopes._problem();
      if (problem) throw invalidProps(scope, problem);
      if (warning !== undefined) {
        Annotations.of(scope).addWarningV2('cdk-multi-region-payments:tenant-claim', `[${scope.node.path}] ${warning}`);
      }
      const names = scopes._names;
      const asked = names && JSON.stringify(apiScopes.map((name) => names[name]));
      const authorizer = new TokenAuthorizer(scope, 'TokenAuthorizer', {
        handler: host.makeFunction(authorizerEnv.write({ systemName: host.systemName, ...env, scopes: asked })),
        resultsCacheTtl: cacheTtl ?? Duration.minutes(1),
      });
      return {
        methodOptions: { authorizer, authorizationType: AuthorizationType.CUSTOM },
        callerSource: { kind: 'context', key: tenantContextKey, ...(names && { scopeKey: scopeContextKey, names }) },
      };
    });
  }

  private constructor(private readonly bind: (scope: Construct, host: AuthorizerHost) => BoundAuthorization) {}

  /** @internal Checks the props and makes what the authorization needs. */
  public _bind(scope: Construct, host: AuthorizerHost): BoundAuthorization {
    return this.bind(scope, host);
  }
}

type TokenEnvironment = Omit<Parameters<typeof authorizerEnv.write>[0], 'systemName' | 'scopes'>;
type TokenOptions = Pick<JwtAuthorizationProps, 'cacheTtl' | 'scopes'>;

/** In every access token of Cognito, and never the user's to write. */
const cognitoClientClaim = 'client_id';

function cognitoProblem(props: CognitoAuthorizationProps): PropProblem | undefined {
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
function cognitoWarning({
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

function authorizationTypeOf(authorizer: IAuthorizer): AuthorizationType {
  return authorizer.authorizationType ?? AuthorizationType.CUSTOM;
}

function jwtProblem(props: JwtAuthorizationProps): PropProblem | undefined {
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

function blankProblem(prop: string, text: string): PropProblem | undefined {
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

function cacheProblem(cacheTtl: Duration | undefined): PropProblem | undefined {
  if (cacheTtl === undefined || cacheTtl.toSeconds() <= 3600) return undefined;
  return {
    prop: 'authorization.cacheTtl',
    given: `${cacheTtl.toSeconds()} s`,
    allowed: '0 to 3600 seconds',
    mend: 'leave it out for 1 minute',
  };
}

function callersProblem(callers: { [principal: string]: IamCaller } | undefined): PropProblem | undefined {
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
