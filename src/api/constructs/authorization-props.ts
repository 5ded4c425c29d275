import { Duration } from 'aws-cdk-lib';
import { IAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { PaymentsScope, PaymentsScopes } from './payments-scopes';

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
