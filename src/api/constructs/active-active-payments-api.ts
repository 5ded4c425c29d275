import { CfnOutput, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AuthorizationType,
  CfnResource,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodOptions,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { Function } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { IHealthCheck } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { accessLogFields } from '../../cdk/access-log';
import { ApiScope } from '../caller.contract';
import { ApiFunctionName, apiLimits, apiRoutes, apiStageName, fallbackFunction, problemOf, restApiName } from '../contract';
import { defineGatewayResponses } from './gateway-responses';
import { allowCallers, grantInvoke } from './invoke-rights';
import { PaymentsAlarmOptions, PaymentsAlarms } from './payments-alarms';
import { PaymentsAuthorization } from './payments-authorization';
import { PaymentsDomain, PaymentsDomainProps } from './payments-domain';
import { PaymentDecisionProps, PaymentsFunctionOptions, PaymentsFunctions } from './payments-functions';
import { ProbePathOptions, probeParent, probePathProblem, probePathsOf } from './probe-path';
import { RecoveryBudget, RecoveryBudgetProps } from './recovery-budget';
import { PropProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { checkPlaces } from '../../cdk/checks/places';
import { ClientRateOptions, ClientRateRule, clientRateLimits, clientRateProblem } from '../../cdk/rate-rule';
import { HomeOperator } from '../../ledger/constructs/home-operator';
import { LedgerHeartbeat } from '../../ledger/constructs/ledger-heartbeat';
import { LedgerReplica } from '../../ledger/constructs/ledger-replica';
import { homeStatusName } from '../../ledger/contract';
import { drainCommand, restoreCommand } from '../../ledger/drain-command.contract';

const defaultThrottling: PaymentsThrottling = { rateLimit: 1000, burstLimit: 500 };
/** Of `/health`: people and their monitors. */
const open = { throttlingRateLimit: 20, throttlingBurstLimit: 40, metricsEnabled: true };
/**
 * Some 16 checkers ask each health check, every 10 s: 100 a second are the checks of 600. No metrics of its own: their names would tell the
 * path.
 */
const probe = { throttlingRateLimit: 100, throttlingBurstLimit: 100, metricsEnabled: false };
/** Of what all callers share, the part that one address can use up. */
const clientShare = 0.5;

/** Bound on the calls of all callers together, in one region. */
export interface PaymentsThrottling {
  /** Calls a second, sustained. */
  readonly rateLimit: number;

  /** Calls at once, at the most. */
  readonly burstLimit: number;
}

/** Properties of `ActiveActivePaymentsApi`. */
export interface ActiveActivePaymentsApiProps {
  /** The ledger in this stack's region: `LedgerReplica.of(...)`. */
  readonly ledger: LedgerReplica;

  /** Who may call, and whose tenant they are. */
  readonly authorization: PaymentsAuthorization;

  /**
   * The public name that all regions share.
   *
   * @default - none: the region is reached by its API's own address
   */
  readonly domain?: PaymentsDomainProps;

  /**
   * How fast callers must be away from a lost region.
   *
   * @default - 30 seconds: 10 s interval x 1, 6 s for a dead endpoint, 5 s TTL, 5 s margin; in mode HOME_REGION 3 s to find a home silent
   */
  readonly recovery?: RecoveryBudgetProps;

  /**
   * A decision of the team's own, taken before the balance's.
   *
   * @default - the balance decides
   */
  readonly decision?: PaymentDecisionProps;

  /**
   * Size and concurrency of the functions.
   *
   * @default - 1024 MiB, shared concurrency
   */
  readonly functions?: PaymentsFunctionOptions;

  /**
   * Bound on the calls of all callers together; beyond it they get 429. `GET /health` has a bound of its own, 20 a second, and so has what
   * Route 53's checkers ask (`probePath`), 100 a second.
   *
   * @default - 1,000 calls a second, 500 at once
   */
  readonly throttling?: PaymentsThrottling;

  /**
   * Bound on the calls of each client address. A caller with several servers behind one address counts as one. Without it, one stranger can
   * use up `throttling`, which all callers share.
   *
   * @default - half of `throttling`: 30,000 calls in a minute
   */
  readonly clientRate?: ClientRateOptions;

  /**
   * ARN of a regional WAF web ACL of your own, in this region, in place of the API's. Let the path `probePath` through: Route 53's checkers
   * use it.
   *
   * @default - the API makes one, see `clientRate`
   */
  readonly webAclArn?: string;

  /**
   * The path by which Route 53's checkers ask for this region's health. Callers cannot name it, and so cannot use up its bound: a flood of
   * `/health` does not make the region look dead.
   *
   * @default - `/health/` and the unique part of the stack's ID
   */
  readonly probePath?: ProbePathOptions;

  /**
   * Whether one line of JSON per call is logged: time, caller's address, route, status, duration, trace; no body, no header.
   *
   * @default true
   */
  readonly accessLog?: boolean;

  /**
   * Whether the stack gives API Gateway the right to write logs. It is one setting for the whole account and region: set false where
   * another stack makes it.
   *
   * @default true
   */
  readonly accountLogRole?: boolean;

  /**
   * The alarms.
   *
   * @default - all, with their default thresholds, telling nobody
   */
  readonly alarms?: PaymentsAlarmOptions;
}

/** The payments API of one region, on that region's replica of the ledger. */
export class ActiveActivePaymentsApi extends Construct {
  /** The REST API. */
  public readonly restApi: RestApi;
  /** The recovery time's parts and sum. */
  public readonly recoveryBudget: RecoveryBudget;
  /** The health check of this region; none without a domain. */
  public readonly healthCheck?: IHealthCheck;
  /** The alarms that were made. */
  public readonly alarms: Alarm[];
  /** With what homes are looked at and moved; in mode `HOME_REGION` only. */
  public readonly homeOperator?: HomeOperator;
  /** The path, below the stage, for checks of the region's health by machines; see the property of this name. Keep it from callers. */
  public readonly probePath: string;
  /** @internal */
  public readonly _ledger: LedgerReplica;
  private readonly functions: PaymentsFunctions;
  /** @internal Whether callers sign their requests with credentials of AWS. */
  public readonly _signed: boolean;

  constructor(scope: Construct, id: string, props: ActiveActivePaymentsApiProps) {
    super(scope, id);
    checkNames(this);
    const { ledger } = props;
    checkLiterals(this, props);
    this.check(props);
    checkPlaces(this, 'ActiveActivePaymentsApiProps', props);
    checkPlaces(this, 'PaymentsAlarmOptions', props.alarms, 'alarms.');
    this._ledger = ledger;
    this.recoveryBudget = new RecoveryBudget(this, props.recovery, ledger.regions);

    const probePaths = probePathsOf(props.probePath);
    [this.probePath] = probePaths;

    this.functions = new PaymentsFunctions(this, 'Functions', { ledger, options: props.functions ?? {}, decision: props.decision });
    this.restApi = this.defineApi(props, probePaths);
    const bound = props.authorization._bind(this, {
      systemName: ledger.systemName,
      makeFunction: (environment) => this.functions.defineAuthorizer(environment),
    });
    this._signed = bound.methodOptions.authorizationType === AuthorizationType.IAM;
    allowCallers(this.restApi, bound.callers ?? {});
    this.functions.defineHandlers(bound.callerSource);
    this.defineRoutes(bound.methodOptions, probePaths);
    defineGatewayResponses(this.restApi, ledger.region, this._signed);
    if (props.domain) {
      const host = {
        api: this.restApi,
        probePath: this.probePath,
        region: ledger.region,
        systemName: ledger.systemName,
        budget: this.recoveryBudget,
      };
      this.healthCheck = new PaymentsDomain(this, 'Domain', props.domain, host).healthCheck;
    }
    this.defineClientRate(props);
    this.alarms = new PaymentsAlarms(this, 'Alarms', {
      api: this.restApi,
      functions: this.functions,
      ledger,
      options: props.alarms ?? {},
    }).all;
    if (ledger.regions._home) new LedgerHeartbeat(this, 'Heartbeat', { ledger, logRetention: props.functions?.logRetention });
    if (ledger.regions._home) this.homeOperator = new HomeOperator(this, 'HomeOperator', { ledger });
    this.defineOutputs(ledger);
  }

  /** @internal What answers callers and checkers in this region. */
  public get _answering(): Function[] {
    return this.functions.all;
  }

  /**
   * With IAM: lets a principal authorise, capture, void and refund payments. Throws with any other authorization: there the tokens say it.
   */
  public grantPay(grantee: IGrantable): Grant {
    return this.grant('pay', grantee);
  }

  /** With IAM: lets a principal read accounts, payments and transactions. Throws with any other authorization. */
  public grantRead(grantee: IGrantable): Grant {
    return this.grant('read', grantee);
  }

  /** With IAM: lets a principal open funded accounts. Throws with any other authorization. */
  public grantOperate(grantee: IGrantable): Grant {
    return this.grant('operate', grantee);
  }

  private grant(scope: ApiScope, grantee: IGrantable): Grant {
    if (this._signed) return grantInvoke(this.restApi, scope, grantee);
    throw invalidProps(this, {
      prop: 'authorization',
      given: 'callers with tokens',
      allowed: 'PaymentsAuthorization.iam for grants to principals',
      mend: 'grant the scope at the token issuer: see docs/callers.md',
    });
  }

  private check({ ledger, authorization, throttling, clientRate, webAclArn, probePath }: ActiveActivePaymentsApiProps): void {
    const problem =
      authorizationProblem(authorization) ??
      placeProblem(ledger, Stack.of(this).region) ??
      throttlingProblem(throttling) ??
      clientRateProblem(this, 'clientRate', clientRate, webAclArn) ??
      probePathProblem(probePath);
    if (problem) throw invalidProps(this, problem);
  }

  private defineApi(props: ActiveActivePaymentsApiProps, probePaths: string[]): RestApi {
    const { ledger, throttling } = props;
    const logs = props.accessLog ?? true;
    return new RestApi(this, 'Api', {
      restApiName: restApiName(ledger.systemName),
      description: `Payments of ${ledger.systemName} in ${ledger.region}`,
      endpointTypes: [EndpointType.REGIONAL],
      disableExecuteApiEndpoint: props.domain?.mutualTls !== undefined,
      ...(logs && (props.accountLogRole ?? true)
        ? { cloudWatchRole: true, cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN }
        : { cloudWatchRole: false }),
      deployOptions: {
        stageName: apiStageName,
        tracingEnabled: true,
        metricsEnabled: true,
        throttlingRateLimit: (throttling ?? defaultThrottling).rateLimit,
        throttlingBurstLimit: (throttling ?? defaultThrottling).burstLimit,
        // Buckets of their own: neither payments at their bound nor strangers who ask for its health must make the region look unhealthy,
        // and move the flood to the next one.
        methodOptions: Object.fromEntries([['/health/GET', open], ...probePaths.map((path) => [`${path}/GET`, probe])]),
        ...(logs
          ? {
              accessLogDestination: new LogGroupLogDestination(
                new LogGroup(this, 'AccessLog', {
                  retention: props.functions?.logRetention ?? RetentionDays.THREE_MONTHS,
                  removalPolicy: RemovalPolicy.DESTROY,
                }),
              ),
              accessLogFormat: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
            }
          : {}),
      },
    });
  }

  /** Each path takes ANY: an unknown path or method is answered by our own code, after the authorizer and in the API's form. */
  private defineRoutes(authorized: MethodOptions, probePaths: string[]): void {
    const paths = new Map(apiRoutes.map((route) => [route.path, route.function]));
    for (const [path, name] of paths) this.restApi.root.resourceForPath(path).addMethod('ANY', this.integrate(name), authorized);
    for (const { path, method, function: name } of apiRoutes.filter((route) => route.scope === undefined)) {
      this.restApi.root.resourceForPath(path).addMethod(method, this.integrate(name));
    }
    probePaths.forEach((path, index) => this.defineProbe(index === 0 ? 'probe' : 'previous-probe', path.slice(probeParent.length + 1)));
    this.restApi.root.addMethod('ANY', this.integrate(fallbackFunction), authorized);
    this.restApi.root.addResource('{proxy+}').addMethod('ANY', this.integrate(fallbackFunction), authorized);
  }

  /**
   * CDK takes a path's part as text alone, and this one is known at deployment: it goes into the template behind CDK's back, and into the
   * deployment's hash.
   */
  private defineProbe(name: string, part: string): void {
    const resource = this.restApi.root.resourceForPath(probeParent).addResource(name);
    (resource.node.defaultChild as CfnResource).pathPart = part;
    this.restApi.latestDeployment?.addToLogicalId({ [name]: part });
    resource.addMethod('GET', this.integrate('health'));
  }

  private defineClientRate({ ledger, throttling, clientRate, webAclArn }: ActiveActivePaymentsApiProps): void {
    const { rateLimit } = { ...defaultThrottling, ...throttling };
    new ClientRateRule(this, 'ClientRate', {
      metricName: `${ledger.systemName}-payments`,
      stage: this.restApi.deploymentStage,
      callsPerMinute: Math.max(clientRateLimits.lowest, Math.floor(rateLimit * clientShare * 60)),
      refusal: problemOf(
        'throttled',
        'Your address calls too often: repeat the request with the same Idempotency-Key after the time in Retry-After.',
        'urn:request:refused',
      ),
      webAclArn,
      options: clientRate,
      exemptPath: this.probePath,
    });
  }

  private integrate(name: ApiFunctionName): LambdaIntegration {
    return new LambdaIntegration(this.functions.get(name).entry, {
      scopePermissionToMethod: false,
      // Longer than the function's own timeout, so that the answer is the function's; shorter than the gateway's 29 s.
      timeout: Duration.seconds(apiLimits.functionTimeoutSeconds + 3),
    });
  }

  private defineOutputs(ledger: LedgerReplica): void {
    const { tableName, region, regions } = ledger;
    // Through another region: the one that is drained may be the one that does not answer.
    const through = regions.replicas.find((replica) => replica !== region)!;
    const asked = { tableName, region, through };
    new CfnOutput(this, 'RecoveryBudget', {
      description: 'Time until callers are away from this region when it is lost',
      value: this.recoveryBudget.describe(),
    });
    new CfnOutput(this, 'DrainCommand', {
      description: 'Takes this region out of service; run it in any region that answers',
      value: drainCommand(asked),
    });
    new CfnOutput(this, 'RestoreCommand', { description: 'Puts this region back into service', value: restoreCommand(asked) });
    if (!this.homeOperator) return;
    const ask =
      `aws lambda invoke --region ${region} --function-name ${homeStatusName(ledger.systemName)} --cli-binary-format ` +
      `raw-in-base64-out --cli-read-timeout 0`;
    new CfnOutput(this, 'HomeStatusCommand', {
      description: 'Shows which region is home',
      value: `${ask} --payload '{"action":"status"}' /dev/stdout`,
    });
  }
}

function authorizationProblem(authorization: PaymentsAuthorization | undefined): PropProblem | undefined {
  if (authorization) return undefined;
  return {
    prop: 'authorization',
    given: 'missing',
    allowed: 'PaymentsAuthorization.jwt, cognito, iam or custom',
    mend: 'choose who may call: there is no default that lets anyone in',
  };
}

function placeProblem(ledger: LedgerReplica, region: string): PropProblem | undefined {
  if (region === ledger.region) return undefined;
  return {
    prop: 'ledger',
    given: `the replica in ${ledger.region}, for a stack in ${Token.isUnresolved(region) ? 'no stated region' : region}`,
    allowed: "the replica in the stack's own region",
    mend: "use LedgerReplica.of(stack, ...) with the API's own stack",
  };
}

function throttlingProblem(throttling: PaymentsThrottling | undefined): PropProblem | undefined {
  if (!throttling || (throttling.rateLimit > 0 && throttling.burstLimit > 0)) return undefined;
  return {
    prop: 'throttling',
    given: `rateLimit ${throttling.rateLimit}, burstLimit ${throttling.burstLimit}`,
    allowed: 'both more than 0',
    mend: 'leave it out for 1,000 a second and 500 at once',
  };
}
