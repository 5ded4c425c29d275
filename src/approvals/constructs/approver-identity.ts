import { Fn, Token } from 'aws-cdk-lib';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { unknownProblem } from '../../cdk/checks/literals';
import { GateIdentity, gateLimits } from '../contract';

/** Approvers who sign in at an OpenID Connect provider. */
export interface OidcApproversProps {
  /** The provider's issuer, an https URL exactly as it stands in the tokens' `iss`. */
  readonly issuer: string;

  /** ID of the client that the gate is at the provider. Its redirect URI is the stack output `CallbackUrl`. */
  readonly clientId: string;

  /**
   * Secret of the client, as plain text in Secrets Manager.
   *
   * @default - none: a public client, proven by PKCE alone
   */
  readonly clientSecret?: ISecret;

  /**
   * Audiences of which a bearer token must bear one, for those who decide by command line.
   *
   * @default - the client's ID
   */
  readonly audience?: string[];

  /**
   * Scopes to ask for when signing in. `openid` must be among them.
   *
   * @default ['openid', 'email', 'profile']
   */
  readonly scopes?: string[];

  /**
   * Claim that makes a person another than the next one. It must be one that people cannot choose. `email` names nobody without
   * `email_verified`. Accounts that share it, a verified address or `sub` are one person, whatever their capitals.
   *
   * @default 'sub'
   */
  readonly identityClaim?: string;

  /**
   * Claim to call people by. It is shown, and trusted for nothing.
   *
   * @default 'name'
   */
  readonly nameClaim?: string;

  /**
   * Claim that holds a person's groups, as a list or as one name.
   *
   * @default 'groups'
   */
  readonly groupsClaim?: string;

  /**
   * What stands between groups where the provider sends them as one text, such as a blank or a comma. Set it only if no group's name can
   * hold it: else whoever may name a group could name two.
   *
   * @default - none: a text is one group
   */
  readonly groupsSeparator?: string;

  /**
   * Where people sign in, an https URL.
   *
   * @default - found at the issuer (OpenID Connect Discovery)
   */
  readonly authorizationEndpoint?: string;

  /**
   * Where codes are changed for tokens, an https URL.
   *
   * @default - found at the issuer
   */
  readonly tokenEndpoint?: string;

  /**
   * Where the issuer's keys are, an https URL.
   *
   * @default - found at the issuer
   */
  readonly jwksUri?: string;

  /**
   * A fixed key set as JSON, at most 2,000 bytes: then no key is fetched.
   *
   * @default - fetched
   */
  readonly jwks?: string;
}

/** Approvers in a Cognito user pool with a hosted sign-in. */
export interface CognitoApproversProps {
  /** ID of the user pool, such as `eu-central-1_AbCdEfGhI`. */
  readonly userPoolId: string;

  /** ID of the app client: authorization code grant, with the stack output `CallbackUrl` among its callbacks. */
  readonly clientId: string;

  /** The pool's sign-in domain without `https://`, such as `acme.auth.eu-central-1.amazoncognito.com`. */
  readonly domain: string;

  /**
   * Secret of the app client, as plain text in Secrets Manager.
   *
   * @default - none: a public client, proven by PKCE alone
   */
  readonly clientSecret?: ISecret;
}

/** Approvers who sign their decision with AWS credentials. */
export interface IamApproversProps {
  /**
   * Whether two sessions of one role are two people, and sessions of one name in several roles one. Set it only where the role's trust
   * policy sets the sessions' names, as IAM Identity Center does: elsewhere whoever may assume the role may call the session as they like,
   * and be several people.
   *
   * @default false
   */
  readonly trustSessionNames?: boolean;
}

/** How a gate knows who decides. There is no default: a gate that lets anyone decide is none. */
export class ApproverIdentity {
  /** People sign in at the team's OpenID Connect provider (authorization code flow with PKCE), or send its ID token. */
  public static oidc(props: OidcApproversProps): ApproverIdentity {
    const {
      issuer,
      clientId,
      audience,
      scopes,
      identityClaim,
      nameClaim,
      groupsClaim,
      groupsSeparator,
      authorizationEndpoint,
      tokenEndpoint,
      jwksUri,
    } = props;
    const identity: GateIdentity = {
      kind: 'oidc',
      issuer,
      clientId,
      audience: audience ?? [clientId],
      scopes: scopes ?? ['openid', 'email', 'profile'],
      identityClaim: identityClaim ?? 'sub',
      nameClaim: nameClaim ?? 'name',
      groupsClaim: groupsClaim ?? 'groups',
      groupsSeparator,
      authorizationEndpoint,
      tokenEndpoint,
      jwksUri,
    };
    return new ApproverIdentity(identity, oidcProblem(props), props.clientSecret, props.jwks);
  }

  /** People of a Cognito user pool. Groups are the pool's own. */
  public static cognito(props: CognitoApproversProps): ApproverIdentity {
    const { userPoolId, clientId, domain, clientSecret } = props;
    // A pool of this app: its ID is known at deployment alone.
    const region = Token.isUnresolved(userPoolId) ? Fn.select(0, Fn.split('_', userPoolId)) : userPoolId.split('_')[0];
    return ApproverIdentity.oidc({
      issuer: `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`,
      clientId,
      clientSecret,
      scopes: ['openid', 'email'],
      nameClaim: 'cognito:username',
      groupsClaim: 'cognito:groups',
      authorizationEndpoint: `https://${domain}/oauth2/authorize`,
      tokenEndpoint: `https://${domain}/oauth2/token`,
      jwksUri: `https://cognito-idp.${region}.amazonaws.com/${userPoolId}/.well-known/jwks.json`,
    });
  }

  /**
   * People with AWS credentials: they decide by a command of this package, which the page shows and which proves to AWS STS who they are.
   */
  public static iam(props: IamApproversProps = {}): ApproverIdentity {
    return new ApproverIdentity({ kind: 'iam', region: '', trustSessionNames: props.trustSessionNames ?? false });
  }

  private constructor(
    /** @internal */
    public readonly _identity: GateIdentity,
    /** @internal */
    public readonly _problem?: PropProblem,
    /** @internal */
    public readonly _clientSecret?: ISecret,
    /** @internal */
    public readonly _jwks?: string,
  ) {}
}

function oidcProblem(props: OidcApproversProps): PropProblem | undefined {
  const { issuer, authorizationEndpoint, tokenEndpoint, jwksUri } = props;
  const unknown = unknownProblem('identity.audience', props.audience) ?? unknownProblem('identity.scopes', props.scopes);
  if (unknown) return unknown;
  const wrong = Object.entries({ issuer, authorizationEndpoint, tokenEndpoint, jwksUri }).find(
    ([, url]) => url !== undefined && !Token.isUnresolved(url) && !/^https:\/\/[^/\s]+/.test(url),
  );
  if (wrong) {
    return {
      prop: `identity.${wrong[0]}`,
      given: `'${wrong[1]}'`,
      allowed: 'an https URL',
      mend: 'write the URL exactly as the provider states it',
    };
  }
  if (props.clientId === '') {
    return { prop: 'identity.clientId', given: 'empty', allowed: 'an ID', mend: 'register the gate as a client of the provider' };
  }
  if (props.scopes && !props.scopes.includes('openid')) {
    return {
      prop: 'identity.scopes',
      given: JSON.stringify(props.scopes),
      allowed: 'scopes with openid among them',
      mend: 'add openid: without it there is no ID token',
    };
  }
  if (props.audience && (props.audience.length === 0 || props.audience.includes(''))) {
    return {
      prop: 'identity.audience',
      given: JSON.stringify(props.audience),
      allowed: 'at least one name',
      mend: "leave it out to use the client's ID: without an audience any token of the issuer would be accepted",
    };
  }
  if (props.groupsSeparator === '') {
    return {
      prop: 'identity.groupsSeparator',
      given: 'empty',
      allowed: 'at least one character',
      mend: 'leave it out to read the text as one group',
    };
  }
  if (props.jwks !== undefined && Buffer.byteLength(props.jwks) > gateLimits.fixedJwksBytes) {
    return {
      prop: 'identity.jwks',
      given: `${Buffer.byteLength(props.jwks)} bytes`,
      allowed: `at most ${gateLimits.fixedJwksBytes} bytes`,
      mend: 'remove keys that are not in use, or leave the key set out to have the keys fetched',
    };
  }
  return undefined;
}
