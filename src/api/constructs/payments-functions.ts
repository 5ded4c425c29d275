import { Duration } from 'aws-cdk-lib';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { Function, IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { BundledFunction } from '../../cdk/bundled-function';
import { PropProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkPlaces } from '../../cdk/checks/places';
import { HomeAccess } from '../../ledger/constructs/home-access';
import { LedgerProof } from '../../ledger/constructs/ledger-proof';
import { LedgerReplica } from '../../ledger/constructs/ledger-replica';
import { HomeCapability, homeCalls, homeFunctionName, homeLimits, ledgerEnv } from '../../ledger/contract';
import { writeSyntheticTenants } from '../../ledger/synthetic-tenants.contract';
import { CallerSource, writeCallerSource } from '../caller.contract';
import { ApiFunctionName, apiBundles, apiEnv, apiLimits } from '../contract';

/** What to do when the team's decision function gives no clear answer in time. */
export enum DecisionOnUnknown {
  /** Answer 503: the caller's retry asks the function again. */
  RETRY = 'RETRY',
  /** Decline the payment, for ever under this key. */
  DECLINE = 'DECLINE',
}

/** The team's own decision about a payment, taken between the claim of its key and the hold on the account. */
export interface PaymentDecisionProps {
  /**
   * Function in this region to call with `{paymentId, tenant, accountId, amount, currency, reference?, traceId, deadlineMs}`. It answers
   * `{"decision": "approve"}` or `{"decision": "decline", "reason": "..."}`, the reason being 1 to 32 lower-case letters, digits and
   * underscores, and not `expired`, which is the ledger's own; anything else is no answer. The same payment ID may come more than once
   * and must get the same answer: it is the call's idempotency key.
   */
  readonly function: IFunction;

  /**
   * How long to wait for its answer, 100 milliseconds to 5 seconds.
   *
   * @default Duration.seconds(2)
   */
  readonly timeout?: Duration;

  /**
   * What an answer that is late, broken or missing means.
   *
   * @default DecisionOnUnknown.RETRY
   */
  readonly onUnknown?: DecisionOnUnknown;
}

/** Size and concurrency of the functions that take calls. */
export interface PaymentsFunctionOptions {
  /**
   * Memory in MiB, 256 to 10240; CPU grows with it.
   *
   * @default 1024
   */
  readonly memorySize?: number;

  /**
   * Concurrent executions set aside for the payments function, and its bound. Callers beyond it get 503 with `Retry-After`: API Gateway
   * does not tell a throttled function from one that failed.
   *
   * @default - the account's shared concurrency
   */
  readonly reservedConcurrency?: number;

  /**
   * Concurrent executions set aside for the health function, so that it answers while other functions use up the account's
   * concurrency. Needs an account quota above 100.
   *
   * @default - the account's shared concurrency
   */
  readonly healthReservedConcurrency?: number;

  /**
   * Environments of the payments function that are always warm. At most `reservedConcurrency`; in mode HOME_REGION less, since the calls
   * that other regions send here go to the rest.
   *
   * @default - none
   */
  readonly provisionedConcurrency?: number;

  /**
   * Key that encrypts the functions' environments. They hold names and settings, no secret.
   *
   * @default - Lambda's own key
   */
  readonly environmentKey?: IKey;

  /**
   * How long the functions' logs are kept.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
}

/** What the functions are made for. */
export interface PaymentsFunctionsProps {
  readonly ledger: LedgerReplica;
  readonly options: PaymentsFunctionOptions;
  readonly decision?: PaymentDecisionProps;
}

/** The functions of one region's API, each with the rights its calls need. */
export class PaymentsFunctions extends Construct {
  private readonly functions: Partial<Record<keyof typeof apiBundles, BundledFunction>> = {};
  private readonly settings: PaymentsFunctionsProps;

  constructor(scope: Construct, id: string, props: PaymentsFunctionsProps) {
    super(scope, id);
    this.settings = props;
    const problem = optionsProblem(props.options, props.ledger) ?? decisionProblem(props.decision, props.ledger);
    if (problem) throw invalidProps(scope, problem);
    checkPlaces(scope, 'PaymentsFunctionOptions', props.options, 'functions.');
    checkPlaces(scope, 'PaymentDecisionProps', props.decision, 'decision.');
  }

  /** Verifies callers; touches no ledger. */
  public defineAuthorizer(environment: Record<string, string>): IFunction {
    return this.make('authorizer', environment, Duration.seconds(5)).entry;
  }

  /** Makes the functions that take calls, now that it is known where they find who calls. */
  public defineHandlers(callerSource: CallerSource): void {
    const { ledger, decision, options } = this.settings;
    const home = HomeAccess.of(this, ledger);
    const http = apiEnv.write({
      callerSource: writeCallerSource(callerSource),
      syntheticTenants: writeSyntheticTenants(ledger.syntheticTenants),
      ...(home ? { requestDeadlineMs: String(homeLimits.requestDeadlineMs) } : {}),
    });
    const { systemName, tableName, regions } = ledger;
    const common = {
      systemName,
      tableName,
      mode: regions.consistency,
      home: home?.environment(),
      ...LedgerProof.of(this, ledger).environment,
    };
    const environment = { ...ledgerEnv.write(common), ...http };
    const decides = { ...ledgerEnv.write({ ...common, ...decisionEnvironment(decision) }), ...http };
    const timeout = home ? Duration.millis(homeLimits.requestMs) : Duration.seconds(apiLimits.functionTimeoutSeconds);
    const payments = this.make('payments', decides, timeout, options);
    const accounts = this.make('accounts', environment, timeout);
    const transactions = this.make('transactions', environment, timeout);
    const health = this.make('health', environment, Duration.seconds(apiLimits.healthTimeoutSeconds), {
      reservedConcurrency: options.healthReservedConcurrency,
    });
    ledger.grantAcceptPayments(payments.function);
    ledger.grantOpenAccounts(accounts.function);
    ledger.grantRead(transactions.function);
    ledger.grantHealthCheck(health.function);
    decision?.function.grantInvoke(payments.function);
    home?.grantHold(payments.function);
    home?.grantHold(accounts.function);
    home?.grantForward(payments.function, 'payments');
    home?.grantForward(accounts.function, 'accounts');
    home?.grantLookUp(transactions.function);
    home?.grantKeep(health.function);
  }

  /** Every one that was made, in that order, the authorizer too. */
  public get all(): Function[] {
    return Object.values(this.functions).map((one) => one.function);
  }

  /** The function of that name; call `defineHandlers` before. */
  public get(name: ApiFunctionName): BundledFunction {
    return this.functions[name]!;
  }

  private make(
    name: keyof typeof apiBundles,
    environment: Record<string, string>,
    timeout: Duration,
    concurrency: PaymentsFunctionOptions = {},
  ): BundledFunction {
    const { options, ledger } = this.settings;
    const bundled = new BundledFunction(this, name[0].toUpperCase() + name.slice(1), {
      bundle: apiBundles[name],
      // Other regions send their calls to it by this name.
      functionName: isHomeCapability(name) && ledger.regions._home ? homeFunctionName(ledger.systemName, name) : undefined,
      description: `${ledger.systemName}: ${name}`,
      environment,
      timeout,
      memorySize: options.memorySize ?? 1024,
      environmentEncryption: options.environmentKey,
      logRetention: options.logRetention ?? RetentionDays.THREE_MONTHS,
      reservedConcurrentExecutions: concurrency.reservedConcurrency,
      provisionedConcurrency: concurrency.provisionedConcurrency,
    });
    this.functions[name] = bundled;
    return bundled;
  }
}

function isHomeCapability(name: string): name is HomeCapability {
  return Object.hasOwn(homeCalls, name);
}

/** The decision's variables; none when the balance decides. */
function decisionEnvironment(decision: PaymentDecisionProps | undefined): Partial<Parameters<typeof ledgerEnv.write>[0]> {
  return decision
    ? {
        decisionFunctionArn: decision.function.functionArn,
        decisionTimeoutMs: String((decision.timeout ?? Duration.seconds(2)).toMilliseconds()),
        decisionOnUnknown: decision.onUnknown ?? DecisionOnUnknown.RETRY,
      }
    : {};
}

function decisionProblem(decision: PaymentDecisionProps | undefined, ledger: LedgerReplica): PropProblem | undefined {
  const timeout = decision?.timeout?.toMilliseconds() ?? 2000;
  // In HOME_REGION the home has no longer than a call that was sent to it.
  const [most, request] = ledger.regions._home ? [2000, homeLimits.forwardMs] : [5000, apiLimits.requestDeadlineMs];
  if (timeout >= 100 && timeout <= most) return undefined;
  return {
    prop: 'decision.timeout',
    given: `${timeout} ms`,
    allowed: `100 ms to ${most / 1000} s: the ledger needs the rest of the request's ${request / 1000} s`,
    mend: 'leave it out for 2 seconds',
  };
}

function optionsProblem(options: PaymentsFunctionOptions, ledger: LedgerReplica): PropProblem | undefined {
  const { memorySize = 1024, reservedConcurrency, provisionedConcurrency, healthReservedConcurrency } = options;
  if (!Number.isInteger(memorySize) || memorySize < 256 || memorySize > 10240) {
    return { prop: 'functions.memorySize', given: `${memorySize}`, allowed: '256 to 10240 MiB', mend: 'leave it out for 1024' };
  }
  const bounds = { reservedConcurrency, provisionedConcurrency, healthReservedConcurrency };
  for (const [name, value] of Object.entries(bounds)) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) {
      return { prop: `functions.${name}`, given: `${value}`, allowed: 'a whole number of at least 1', mend: 'leave it out for none' };
    }
  }
  // Peers call the function itself and not its warm alias: where all is provisioned, Lambda runs nothing of it.
  const forPeers = ledger.regions._home ? 1 : 0;
  if (
    provisionedConcurrency !== undefined &&
    reservedConcurrency !== undefined &&
    provisionedConcurrency + forPeers > reservedConcurrency
  ) {
    return {
      prop: 'functions.provisionedConcurrency',
      given: `${provisionedConcurrency} with reservedConcurrency ${reservedConcurrency}`,
      allowed: forPeers
        ? 'less than reservedConcurrency in mode HOME_REGION: the calls that other regions send here need the rest'
        : 'at most reservedConcurrency',
      mend: 'lower it, or raise reservedConcurrency',
    };
  }
  return undefined;
}
