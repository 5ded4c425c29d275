import { Aws, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  CfnStage,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodOptions,
  ResponseType,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { accessLogFields } from '../../cdk/access-log';
import { gateLimits, gatePaths, gateThrottles, problemBody } from '../contract';

/** @internal What the page and API are made of. */
export interface GatePageApiProps {
  readonly gateName: string;
  readonly signed: boolean;
  readonly accessLog: boolean;
  readonly accountLogRole: boolean;
  readonly logRetention: RetentionDays;
}

const stageName = 'live';

/** The page and API of a gate: a regional REST API, on which IAM can be asked for a signature. */
export class GatePageApi extends Construct {
  public readonly restApi: RestApi;
  /** The API's own address, without a slash at the end. It names the API and not its stage, which needs the functions first. */
  public readonly url: string;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: GatePageApiProps,
  ) {
    super(scope, id);
    const { gateName, accessLog, accountLogRole, logRetention } = props;
    // The path holds the approval's ID, with which everyone may look: the route is logged instead.
    const { path, ...fields } = accessLogFields;
    this.restApi = new RestApi(this, 'Api', {
      restApiName: gateName,
      description: `Approvals of ${gateName}`,
      endpointTypes: [EndpointType.REGIONAL],
      ...(accessLog && accountLogRole
        ? { cloudWatchRole: true, cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN }
        : { cloudWatchRole: false }),
      deployOptions: {
        stageName,
        metricsEnabled: true,
        tracingEnabled: true,
        // For what is no route of ours.
        throttlingRateLimit: gateThrottles.open.rateLimit,
        throttlingBurstLimit: gateThrottles.open.burstLimit,
        ...(accessLog
          ? {
              accessLogDestination: new LogGroupLogDestination(
                new LogGroup(this, 'AccessLog', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY }),
              ),
              accessLogFormat: AccessLogFormat.custom(JSON.stringify(fields)),
            }
          : {}),
      },
    });
    this.url = `https://${this.restApi.restApiId}.execute-api.${Stack.of(this).region}.${Aws.URL_SUFFIX}/${stageName}`;
  }

  /** Lets a function answer: looking is for whoever has the link, deciding for whoever proves who they are. */
  public serve(page: IFunction): void {
    const integration = integrationOf(page);
    this.route('GET', gatePaths.approval, integration);
    this.route('POST', gatePaths.approval, integration);
    if (!this.props.signed) {
      this.route('GET', gatePaths.signIn, integration);
      this.route('GET', gatePaths.callback, integration);
    }
    const answer = (type: ResponseType, statusCode: string, code: string, title: string): void => {
      const body = problemBody(code, Number(statusCode), title, 'Nothing was changed.');
      this.restApi.addGatewayResponse(`Response${type.responseType}`, {
        type,
        statusCode,
        templates: { 'application/json': JSON.stringify(body) },
        responseHeaders: { 'Content-Type': "'application/problem+json'", 'Cache-Control': "'no-store'" },
      });
    };
    // API Gateway says 403 where no signature came at all.
    answer(ResponseType.MISSING_AUTHENTICATION_TOKEN, '401', 'unauthorized', 'No valid credentials were sent');
    answer(ResponseType.INVALID_SIGNATURE, '401', 'unauthorized', 'The signature does not match the request');
    answer(ResponseType.EXPIRED_TOKEN, '401', 'unauthorized', 'The credentials have expired');
    answer(ResponseType.ACCESS_DENIED, '403', 'not_approver', 'You are not one of the approvers');
    answer(ResponseType.THROTTLED, '429', 'throttled', 'Too many requests');
    answer(ResponseType.DEFAULT_5XX, '503', 'unavailable', 'The service cannot answer now');
  }

  /** Lets a function start something for whoever proves who they are. */
  public serveStart(name: string, start: IFunction): void {
    this.route('POST', `${gatePaths.starts}/${name}`, integrationOf(start));
  }

  /** A route with a bucket of its own: GET is for whoever has the link, POST for whoever proves who they are. */
  private route(httpMethod: 'GET' | 'POST', path: string, integration: LambdaIntegration): void {
    const { rateLimit, burstLimit } = httpMethod === 'GET' ? gateThrottles.open : gateThrottles.proven;
    this.restApi.root.resourceForPath(path).addMethod(httpMethod, integration, httpMethod === 'GET' ? {} : this.proof());
    const stage = this.restApi.deploymentStage.node.defaultChild as CfnStage;
    stage.methodSettings = [
      ...(stage.methodSettings as CfnStage.MethodSettingProperty[]),
      {
        httpMethod,
        resourcePath: `/${path.replace(/\//g, '~1')}`,
        // A route's settings take the place of the stage's, metrics too.
        metricsEnabled: true,
        throttlingRateLimit: rateLimit,
        throttlingBurstLimit: burstLimit,
      },
    ];
  }

  /** ARN of a start's call. */
  public startArn(name: string): string {
    return this.restApi.arnForExecuteApi('POST', `${gatePaths.starts}/${name}`, stageName);
  }

  /** A signature is asked for here; who sends a token or a cookie is judged by the function. */
  private proof(): MethodOptions {
    return this.props.signed ? { authorizationType: AuthorizationType.IAM } : {};
  }

  /** ARN of the decision's call. */
  public decisionArn(): string {
    return this.restApi.arnForExecuteApi('POST', '/approvals/*', stageName);
  }
}

function integrationOf(answering: IFunction): LambdaIntegration {
  return new LambdaIntegration(answering, {
    scopePermissionToMethod: false,
    timeout: Duration.seconds(gateLimits.functionTimeoutSeconds + 3),
  });
}
