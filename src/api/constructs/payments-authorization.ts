import { Annotations, Duration } from 'aws-cdk-lib';
import { AuthorizationType, IAuthorizer, MethodOptions, TokenAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { CallerSource, apiScopes, scopeContextKey, tenantContextKey } from '../caller.contract';
import { authorizerEnv } from '../contract';
import { blankProblem, cacheProblem, callersProblem, cognitoProblem, cognitoWarning, jwtProblem } from './authorization-checks';
import {
  CognitoAuthorizationProps,
  CognitoTokenUse,
  CustomAuthorizationProps,
  IamAuthorizationProps,
  IamCaller,
  JwtAuthorizationProps,
} from './authorization-props';
import { PaymentsScopes } from './payments-scopes';
import { PropProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkPlaces } from '../../cdk/checks/places';

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

function authorizationTypeOf(authorizer: IAuthorizer): AuthorizationType {
  return authorizer.authorizationType ?? AuthorizationType.CUSTOM;
}
