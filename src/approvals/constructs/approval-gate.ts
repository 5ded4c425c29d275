import { ArnFormat, Aspects, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, CfnTable, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { defineGateAlarms, gateMetric } from './gate-alarms';
import { gateChecks, machineProblems, warnOfLoggedTokens } from './gate-checks';
import { ApprovalGateProps, ApprovalOutcome } from './gate-options';
import { ApprovalTask, ApprovalTaskProps } from './gate-task';
import { GatePageApi } from './page-api';
import { ApprovalStartProps, startProblem } from './start-function';
import { BundledFunction } from '../../cdk/bundled-function';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { keepProtection } from '../../cdk/checks/kept-protection';
import { keepResource, keptTable } from '../../cdk/checks/kept-resource';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { checkPlaces, checkSamePlace } from '../../cdk/checks/places';
import { ClientRateRule, clientRateProblem } from '../../cdk/rate-rule';
import {
  gateBundles,
  gateEnv,
  gateLimits,
  gateMetrics,
  gatePaths,
  gateSchema,
  gateThrottles,
  problemBody,
  startEnv,
  verifyEnv,
  writeIdentity,
  writeRules,
} from '../contract';
import { GateRules } from '../model';

/**
 * Lets a state machine wait for people: `task` asks, people are told by SNS, look at a page and decide there or by command line. Step
 * Functions' task token stays in a table of the gate's; what is decided is written before it is sent, once, and never changed.
 */
export class ApprovalGate extends Construct {
  /** Topic for requests and reminders; subscribe to it what should hear of them. */
  public readonly topic: ITopic;
  /** Page and API. */
  public readonly restApi: RestApi;
  /** Where approvers reach the page, without a slash at the end. */
  public readonly url: string;
  /** Requests, and the record of what was decided, which no function of the gate can update or delete. */
  public readonly table: Table;
  /** The alarms on the gate itself. */
  public readonly alarms: Alarm[];
  private readonly api: GatePageApi;
  private readonly props: ApprovalGateProps;
  private readonly request: BundledFunction;
  private readonly verify: BundledFunction;
  private readonly expiry: Duration;
  private readonly heartbeatTimeout: Duration;

  constructor(scope: Construct, id: string, props: ApprovalGateProps) {
    super(scope, id);
    checkNames(this);
    checkLiterals(this, props, { texts: ['gateName'] });
    this.props = props;
    this.expiry = props.expiry ?? Duration.hours(24);
    this.heartbeatTimeout = props.heartbeatTimeout ?? Duration.minutes(30);
    const rules = this.rules();
    const checks = gateChecks(props, rules) ?? clientRateProblem(this, 'clientRate', props.clientRate, props.webAclArn);
    if (checks) throw invalidProps(this, checks);
    checkPlaces(this, 'ApprovalGateProps', props);
    checkPlaces(this, 'OidcApproversProps', { clientSecret: props.identity._clientSecret }, 'identity.');
    declareOnce(this, { kind: 'ApprovalGate', prop: 'gateName', name: props.gateName });

    this.table = this.defineTable();
    this.topic = this.defineTopic();
    this.api = new GatePageApi(this, 'Page', {
      gateName: props.gateName,
      signed: props.identity._identity.kind === 'iam',
      logRetention: this.logRetention,
      accessLog: props.accessLog ?? true,
      accountLogRole: props.accountLogRole ?? true,
    });
    this.restApi = this.api.restApi;
    this.url = props.publicUrl ?? this.api.url;

    this.request = this.defineRequest(rules);
    this.verify = this.defineVerify();
    this.definePage(rules);
    new ClientRateRule(this, 'ClientRate', {
      metricName: props.gateName,
      stage: this.restApi.deploymentStage,
      callsPerMinute: gateThrottles.clientCallsPerMinute,
      refusal: problemBody('throttled', 429, 'Too many requests', 'Your address calls too often: wait a minute. Nothing was changed.'),
      webAclArn: props.webAclArn,
      options: props.clientRate,
    });
    this.defineSweep(rules);
    this.alarms = defineGateAlarms(this, props.gateName, Stack.of(this).region, props.alarmActions ?? []);
    this.defineOutputs();
    this.node.addValidation({ validate: () => machineProblems(this, this.request.function) });
    Aspects.of(Stack.of(this)).add({ visit: (node) => warnOfLoggedTokens(this, this.request.function, node) });
  }

  /**
   * A step of a state machine that waits for an approval, and then goes on with the result.
   *
   * @param scope where the step belongs, such as the stack
   * @param id the step's name in the state machine
   * @param props what is asked
   */
  public task(scope: Construct, id: string, props: ApprovalTaskProps): ApprovalTask {
    checkSamePlace(this, 'scope of task', scope);
    return ApprovalTask._of(scope, id, props, {
      function: this.request.function,
      verify: this.verify.function,
      expiry: this.expiry,
      heartbeatTimeout: this.heartbeatTimeout,
      excludeStarter: this.props.excludeStarter ?? true,
    });
  }

  /**
   * Lets people start a state machine by `POST <url>/starts/<name>` with the identity that this gate knows them by, and writes it into the
   * execution's input as `startedBy`: then who started it is known, and can be excluded from approving it.
   *
   * @param name 3 to 80 letters, digits and hyphens
   * @param props what is started, and by whom
   * @returns the URL to send to: a bearer token or, with IAM, a signature and a proof (`npx cdk-multi-region-payments start`), a JSON
   * object as input, and an optional `Idempotency-Key`
   */
  public addStart(name: string, props: ApprovalStartProps): string {
    checkLiterals(this, { name, ...props }, { texts: ['name'] });
    const problem = startProblem(name, props, this.props.identity._identity.kind === 'iam');
    if (problem) throw invalidProps(this, problem);
    const stateMachineArn = Stack.of(this).formatArn({
      service: 'states',
      resource: 'stateMachine',
      resourceName: props.stateMachineName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const url = `${this.url}${gatePaths.starts}/${name}`;
    const startFunction = this.make(
      `Start-${name}`,
      gateBundles.start,
      startEnv.write({
        gateName: this.props.gateName,
        url,
        identity: this.identityText(),
        jwks: this.props.identity._jwks,
        start: JSON.stringify({ stateMachineArn, people: props.starters ?? [], groups: props.starterGroups ?? [] }),
      }),
      Duration.seconds(gateLimits.functionTimeoutSeconds),
    );
    Grant.addToPrincipal({ grantee: startFunction.function, actions: ['states:StartExecution'], resourceArns: [stateMachineArn] });
    this.api.serveStart(name, startFunction.function);
    return url;
  }

  /** With IAM: lets a principal call a start. Whether it may start is up to `starters`. */
  public grantStart(grantee: IGrantable, name: string): Grant {
    return Grant.addToPrincipal({ grantee, actions: ['execute-api:Invoke'], resourceArns: [this.api.startArn(name)] });
  }

  /** With IAM: lets a principal call the decision. Whether its decision counts is up to `approvers`. */
  public grantDecide(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({ grantee, actions: ['execute-api:Invoke'], resourceArns: [this.api.decisionArn()] });
  }

  /** Approvals that are open, or decided and not yet told to their execution. */
  public metricPending(): Metric {
    return gateMetric(gateMetrics.pending, this.props.gateName, Stack.of(this).region).with({ statistic: 'max' });
  }

  /** How functions know people; with IAM they ask the region's STS. */
  private identityText(): string {
    const { _identity } = this.props.identity;
    return writeIdentity(_identity.kind === 'iam' ? { ..._identity, region: Stack.of(this).region } : _identity);
  }

  private get logRetention(): RetentionDays {
    return this.props.logRetention ?? RetentionDays.ONE_YEAR;
  }

  private rules(): GateRules {
    const {
      approvers = [],
      approverGroups = [],
      requiredApprovals,
      excludeStarter,
      expiryOutcome,
      reminderEvery,
      escalateAfter,
    } = this.props;
    return {
      people: approvers,
      groups: approverGroups,
      excludeStarter: excludeStarter ?? true,
      required: requiredApprovals ?? 1,
      expirySeconds: this.expiry.toSeconds(),
      expiryDecision: expiryOutcome ?? ApprovalOutcome.REJECTED,
      reminderSeconds: (reminderEvery ?? Duration.hours(4)).toSeconds(),
      escalationSeconds: escalateAfter?.toSeconds() ?? Math.max(1, Math.floor(this.expiry.toSeconds() / 2)),
      // Several in the time after which the execution gives up.
      heartbeatSeconds: Math.floor(this.heartbeatTimeout.toSeconds() / 5),
    };
  }

  private defineTable(): Table {
    const { encryptionKey, removalPolicy = RemovalPolicy.RETAIN } = this.props;
    const { partitionKey, sortKey, dueIndex, duePartitionKey, dueSortKey } = gateSchema;
    const table = new Table(this, 'Approvals', {
      partitionKey: { name: partitionKey, type: AttributeType.STRING },
      sortKey: { name: sortKey, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: encryptionKey ? TableEncryption.CUSTOMER_MANAGED : TableEncryption.AWS_MANAGED,
      encryptionKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: removalPolicy === RemovalPolicy.RETAIN,
      removalPolicy,
    });
    keepProtection(table);
    keepResource(this, table.node.defaultChild as CfnTable, removalPolicy, keptTable(removalPolicy));
    table.addGlobalSecondaryIndex({
      indexName: dueIndex,
      projectionType: ProjectionType.KEYS_ONLY,
      partitionKey: { name: duePartitionKey, type: AttributeType.STRING },
      sortKey: { name: dueSortKey, type: AttributeType.NUMBER },
    });
    return table;
  }

  private defineTopic(): ITopic {
    const { topic, emails = [], gateName, encryptionKey } = this.props;
    const used = topic ?? keepProtection(new Topic(this, 'Topic', { displayName: gateName, enforceSSL: true, masterKey: encryptionKey }));
    for (const email of emails) used.addSubscription(new EmailSubscription(email));
    return used;
  }

  private environment(rules: GateRules, more: Partial<Parameters<typeof gateEnv.write>[0]> = {}): Record<string, string> {
    return gateEnv.write({
      gateName: this.props.gateName,
      tableName: this.table.tableName,
      rules: writeRules(rules),
      baseUrl: this.url,
      ...more,
    });
  }

  /** It can put requests and tell people: it cannot answer a token. */
  private defineRequest(rules: GateRules): BundledFunction {
    const requestFunction = this.make(
      'Request',
      gateBundles.request,
      this.environment(rules, this.topics()),
      Duration.seconds(gateLimits.functionTimeoutSeconds),
    );
    this.grantTable(requestFunction, ['dynamodb:PutItem', 'dynamodb:GetItem']);
    this.grantTell(requestFunction);
    return requestFunction;
  }

  /** It can read a request, and nothing else. */
  private defineVerify(): BundledFunction {
    const environment = verifyEnv.write({ gateName: this.props.gateName, tableName: this.table.tableName });
    const verifyFunction = this.make('Verify', gateBundles.verify, environment, Duration.seconds(gateLimits.functionTimeoutSeconds));
    this._grantVerify(verifyFunction.function);
    return verifyFunction;
  }

  /** @internal Reading a request by its ID. */
  public _grantVerify(grantee: IGrantable): void {
    Grant.addToPrincipal({ grantee, actions: ['dynamodb:GetItem'], resourceArns: [this.table.tableArn] });
    this.props.encryptionKey?.grantDecrypt(grantee);
  }

  private definePage(rules: GateRules): void {
    const { identity, encryptionKey } = this.props;
    const { _identity, _clientSecret, _jwks } = identity;
    const session =
      _identity.kind === 'oidc'
        ? keepProtection(
            new Secret(this, 'SessionSecret', {
              description: `${this.props.gateName}: signs the sessions of approvers`,
              encryptionKey,
              removalPolicy: RemovalPolicy.DESTROY,
              generateSecretString: { passwordLength: 64, excludePunctuation: true },
            }),
          )
        : undefined;
    const pageFunction = this.make(
      'Decide',
      gateBundles.page,
      this.environment(rules, {
        identity: this.identityText(),
        sessionSecretArn: session?.secretArn,
        clientSecretArn: _clientSecret?.secretArn,
        jwks: _jwks,
      }),
      Duration.seconds(gateLimits.functionTimeoutSeconds),
    );
    this.grantTable(pageFunction, ['dynamodb:PutItem', 'dynamodb:GetItem']);
    this.grantAnswer(pageFunction, ['states:SendTaskSuccess']);
    session?.grantRead(pageFunction.function);
    _clientSecret?.grantRead(pageFunction.function);
    this.api.serve(pageFunction.function);
  }

  private defineSweep(rules: GateRules): void {
    const sweepFunction = this.make(
      'Sweep',
      gateBundles.sweep,
      this.environment(rules, this.topics()),
      Duration.seconds(gateLimits.sweepTimeoutSeconds),
    );
    this.grantTable(sweepFunction, ['dynamodb:PutItem', 'dynamodb:GetItem', 'dynamodb:Query']);
    this.grantTell(sweepFunction);
    this.grantAnswer(sweepFunction, ['states:SendTaskSuccess', 'states:SendTaskHeartbeat']);
    new Rule(this, 'EveryMinute', {
      description: `${this.props.gateName}: finishes what is due`,
      schedule: Schedule.rate(Duration.minutes(1)),
      // A sweep that fails is followed by the next one.
      targets: [new LambdaFunction(sweepFunction.function, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }

  private make(id: string, bundle: string, environment: Record<string, string>, timeout: Duration): BundledFunction {
    return new BundledFunction(this, id, {
      bundle,
      environment,
      timeout,
      memorySize: 512,
      logRetention: this.logRetention,
      description: `${this.props.gateName}: ${id.toLowerCase()}`,
    });
  }

  private topics(): { topicArn: string; escalationTopicArn?: string } {
    return { topicArn: this.topic.topicArn, escalationTopicArn: this.props.escalationTopic?.topicArn };
  }

  /** Items are put under a condition, never updated or deleted: what was decided stays. */
  private grantTable(made: BundledFunction, actions: string[]): void {
    const index = actions.includes('dynamodb:Query') ? [`${this.table.tableArn}/index/${gateSchema.dueIndex}`] : [];
    Grant.addToPrincipal({ grantee: made.function, actions, resourceArns: [this.table.tableArn, ...index] });
    this.props.encryptionKey?.grantEncryptDecrypt(made.function);
  }

  private grantTell(made: BundledFunction): void {
    this.topic.grantPublish(made.function);
    this.props.escalationTopic?.grantPublish(made.function);
  }

  /** These actions know no resource: who holds the token may answer it, which is why it stays in the table. */
  private grantAnswer(made: BundledFunction, actions: string[]): void {
    Grant.addToPrincipal({ grantee: made.function, actions, resourceArns: ['*'] });
  }

  private defineOutputs(): void {
    new CfnOutput(this, 'ApprovalUrl', { description: 'Where approvers reach the page', value: this.url });
    if (this.props.identity._identity.kind === 'iam') return;
    new CfnOutput(this, 'CallbackUrl', {
      description: 'Redirect URI to register at the identity provider',
      value: `${this.url}${gatePaths.callback}`,
    });
  }
}
