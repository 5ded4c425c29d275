import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { PropProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { HomeTakeover } from '../../ledger/constructs/account-homes';
import { PaymentRegions } from '../../ledger/constructs/payment-regions';
import { homeLimits } from '../../ledger/contract';

/** How fast callers must be away from a region that is lost, and what that time is made of. */
export interface RecoveryBudgetProps {
  /**
   * Time after which callers must reach another region, at most. The sum of the parts below must stay within it.
   *
   * @default Duration.seconds(30)
   */
  readonly target?: Duration;

  /**
   * How often each of Route 53's checkers asks: 10 or 30 seconds, fixed when the health check is created.
   *
   * @default Duration.seconds(10)
   */
  readonly healthCheckInterval?: Duration;

  /**
   * Failed answers in a row after which a checker calls the region unhealthy, 1 to 10. More than four fifths of the checkers must
   * agree, and a false alarm only moves callers to a region that answers as well, so one is enough.
   *
   * @default 1
   */
  readonly failureThreshold?: number;

  /**
   * How long resolvers keep the answer, 1 to 60 seconds. Shorter means more DNS queries to pay for.
   *
   * @default Duration.seconds(5)
   */
  readonly recordTtl?: Duration;

  /**
   * For what cannot be configured: the change reaching Route 53's servers, resolvers, the caller's retry. At least 1 second.
   *
   * @default Duration.seconds(5)
   */
  readonly margin?: Duration;
}

/** A checker waits 4 seconds to connect and 2 for the answer before it counts a dead endpoint as failed. */
const deadEndpointSeconds = 6;
const detectionSeconds = homeLimits.forwardMs / 1000;

/** The parts of the recovery time with their sum, checked against the target. */
export class RecoveryBudget {
  /** Time after which callers must reach another region. */
  public readonly target: Duration;
  /** How often each checker asks. */
  public readonly healthCheckInterval: Duration;
  /** Failed answers in a row that make a region unhealthy. */
  public readonly failureThreshold: number;
  /** How long resolvers keep the answer. */
  public readonly recordTtl: Duration;
  /** For what cannot be configured. */
  public readonly margin: Duration;
  /**
   * Interval times threshold, the wait for a dead endpoint, record TTL and margin together. In mode `HOME_REGION` with automatic takeover
   * the wait for the takeover if that is longer, and the time to find the home silent.
   */
  public readonly sum: Duration;
  private readonly regions?: PaymentRegions;

  /**
   * @param scope construct named in error messages
   * @param props the parts that differ from their defaults
   * @param regions the system's regions, whose takeover belongs to the sum in mode `HOME_REGION`. Default: every region writes
   */
  constructor(scope: Construct, props: RecoveryBudgetProps = {}, regions?: PaymentRegions) {
    checkLiterals(scope, props, { prefix: 'recovery.' });
    this.regions = regions;
    this.target = props.target ?? Duration.seconds(30);
    this.healthCheckInterval = props.healthCheckInterval ?? Duration.seconds(10);
    this.failureThreshold = props.failureThreshold ?? 1;
    this.recordTtl = props.recordTtl ?? Duration.seconds(5);
    this.margin = props.margin ?? Duration.seconds(5);
    const away = this.awaySeconds();
    const wait = this.takeoverWaitSeconds();
    this.sum = Duration.seconds(wait === undefined ? away : Math.max(away, wait) + detectionSeconds);
    const problem = this.partProblem() ?? this.sumProblem();
    if (problem) throw invalidProps(scope, problem);
  }

  /** The sum with its parts, as the error message and the stack's output show it. */
  public describe(): string {
    const away =
      `${this.healthCheckInterval.toSeconds()} s interval x ${this.failureThreshold} + ${deadEndpointSeconds} s for a dead endpoint ` +
      `+ ${this.recordTtl.toSeconds()} s TTL + ${this.margin.toSeconds()} s margin = ${this.awaySeconds()} s`;
    return `${away}${this.describeTakeover()} (target ${this.target.toSeconds()} s)`;
  }

  /** Both waits begin with the loss; what follows them is the first call that finds the home silent. */
  private describeTakeover(): string {
    const home = this.regions?._home;
    if (!home) return '';
    const wait =
      `${home.lease.toMilliseconds() / 1000} s lease + ${homeLimits.requestMs / 1000} s request + ` +
      `${home.clockMargin.toMilliseconds() / 1000} s clock margin`;
    if (home.takeover === HomeTakeover.OPERATOR) return `, and the time until an operator takes over, at least ${wait}`;
    return (
      `, meanwhile ${wait} = ${this.takeoverWaitSeconds()} s until a takeover; the longer one + ${detectionSeconds} s to find ` +
      `the home silent = ${this.sum.toSeconds()} s`
    );
  }

  private awaySeconds(): number {
    return (
      this.healthCheckInterval.toSeconds() * this.failureThreshold +
      deadEndpointSeconds +
      this.recordTtl.toSeconds() +
      this.margin.toSeconds()
    );
  }

  /** Undefined where nobody takes over by itself. */
  private takeoverWaitSeconds(): number | undefined {
    const home = this.regions?._home;
    return home?.takeover === HomeTakeover.AUTOMATIC ? Math.ceil(home.takeoverWait().toMilliseconds() / 1000) : undefined;
  }

  private partProblem(): PropProblem | undefined {
    const interval = this.healthCheckInterval.toSeconds();
    if (interval !== 10 && interval !== 30) {
      return {
        prop: 'recovery.healthCheckInterval',
        given: `${interval} s`,
        allowed: '10 or 30 seconds',
        mend: 'use 10 seconds for a fast recovery',
      };
    }
    if (!Number.isInteger(this.failureThreshold) || this.failureThreshold < 1 || this.failureThreshold > 10) {
      return {
        prop: 'recovery.failureThreshold',
        given: `${this.failureThreshold}`,
        allowed: 'a whole number from 1 to 10',
        mend: 'leave it out for 1',
      };
    }
    const ttl = this.recordTtl.toSeconds();
    if (ttl < 1 || ttl > 60) {
      return { prop: 'recovery.recordTtl', given: `${ttl} s`, allowed: '1 to 60 seconds', mend: 'leave it out for 5 seconds' };
    }
    if (this.margin.toSeconds() >= 1) return undefined;
    return {
      prop: 'recovery.margin',
      given: `${this.margin.toSeconds()} s`,
      allowed: 'at least 1 second',
      mend: 'leave it out for 5 seconds',
    };
  }

  private sumProblem(): PropProblem | undefined {
    if (this.sum.toSeconds() <= this.target.toSeconds()) return undefined;
    return {
      prop: 'recovery',
      given: this.describe(),
      allowed: `a sum within the target of ${this.target.toSeconds()} s`,
      mend:
        `lower healthCheckInterval, failureThreshold${this.regions?._home ? ', recordTtl or the lease' : ' or recordTtl'}, or ` +
        `raise target to the time that you promise`,
    };
  }
}
