import { Duration } from 'aws-cdk-lib';
import { AccountHomes, HomeTakeover } from './account-homes';
import { HomeArrangement } from './home-arrangement';
import { unknownStrongRegions } from './strong-regions';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { unknownProblem } from '../../cdk/checks/literals';
import { SharedFact } from '../../cdk/checks/system-parts';
import { isRegionName } from '../../kernel/region';

/** How the copies of the ledger agree. */
export enum LedgerConsistency {
  /** Multi-region strong consistency: a write is in two regions before it is answered; nothing accepted is lost with a region. */
  STRONG = 'STRONG',
  /** Asynchronous replication with one writing region per account; any number of regions, anywhere. */
  HOME_REGION = 'HOME_REGION',
}

/** Regions of a ledger in mode `STRONG`, none of which ever changes after the first deployment. */
export interface StrongRegionsProps {
  /** Regions that take payments: three, or two and a witness. */
  readonly replicas: string[];

  /**
   * Region that takes part in the quorum and holds no readable data.
   *
   * @default - none: three replicas are given
   */
  readonly witness?: string;
}

/** Regions of a ledger in mode `HOME_REGION`. */
export interface HomeRegionsProps {
  /** Regions that take payments: two or more. */
  readonly replicas: string[];

  /**
   * Where accounts are at home at first. Never changes after the first deployment; homes are moved by `HomeOperator`.
   *
   * @default - all in the first replica
   */
  readonly homes?: AccountHomes;

  /**
   * Who takes over from a home that cannot be reached.
   *
   * @default HomeTakeover.AUTOMATIC
   */
  readonly takeover?: HomeTakeover;

  /**
   * How long a region is home without renewing it, 7 to 60 seconds. A takeover waits for its end, for the 6 seconds of the last
   * request and for `clockMargin`.
   *
   * @default Duration.seconds(10)
   */
  readonly lease?: Duration;

  /**
   * How far two regions' clocks may stand apart, 100 milliseconds to 30 seconds.
   *
   * @default Duration.seconds(1)
   */
  readonly clockMargin?: Duration;

  /**
   * Regions of the small, strongly consistent table that says who is home: three replicas, or two and a witness. They are final after the
   * first deployment, so they do not follow from `replicas`. Give it when no replica is in America and `homes` names no region.
   *
   * @default - with `AccountHomes.oneRegion` two replicas and a witness near that region, otherwise us-east-1 and us-east-2 with us-west-2
   * as witness
   */
  readonly authority?: StrongRegionsProps;

  /**
   * Region of the stack with `PhasedCutoverStateMachine`. Homes are moved for runs of the machine there and nowhere else: whoever may make
   * a state machine of the same name in another region is not believed. Name it also when the cutover stands in a region that takes no
   * payments.
   *
   * @default - any of the replicas
   */
  readonly cutoverRegion?: string;
}

/**
 * The regions of one system and how they agree. Every stack of the system is given the same one; it is checked by each
 * construct that takes it, so that the message names the construct.
 */
export class PaymentRegions {
  /**
   * Multi-region strong consistency: exactly three regions, all replicas or two replicas and a witness, on one continent or several. The
   * set is final: DynamoDB adds, removes and exchanges no member.
   */
  public static strong(props: StrongRegionsProps): PaymentRegions {
    return new PaymentRegions(LedgerConsistency.STRONG, props.replicas, props.witness);
  }

  /** One writing region per account, replicated asynchronously. */
  public static homeRegion(props: HomeRegionsProps): PaymentRegions {
    const home = new HomeArrangement(props);
    return new PaymentRegions(LedgerConsistency.HOME_REGION, props.replicas, undefined, home.authority, home);
  }

  private constructor(
    /** How the copies agree. */
    public readonly consistency: LedgerConsistency,
    /** Regions that take payments. */
    public readonly replicas: string[],
    /** Region of the witness, in mode `STRONG` with two replicas. */
    public readonly witness?: string,
    /** Regions of the table that says who is home, in mode `HOME_REGION`: a stack in one of its replicas holds `HomeAuthorityTable`. */
    public readonly authority?: StrongRegionsProps,
    /** @internal */
    public readonly _home?: HomeArrangement,
  ) {}

  /** @internal The first thing wrong with the regions as given. */
  public _problem(): PropProblem | undefined {
    return this.unknownRegion() ?? this.nameProblem() ?? this.repetitionProblem() ?? this.countProblem() ?? this._home?.problem();
  }

  /** @internal The text of a warning when AWS is not known to offer strong consistency in these regions. */
  public _unknownRegionsWarning(): string | undefined {
    if (this.consistency !== LedgerConsistency.STRONG) return undefined;
    return unknownStrongRegions('regions', this.all());
  }

  /** @internal What every part of a system must say alike, by prop. */
  public _facts(): SharedFact[] {
    const { consistency, replicas, witness } = this;
    const value = `${consistency} in ${[...replicas].sort().join(', ')}${witness === undefined ? '' : ` with the witness ${witness}`}`;
    return [{ prop: 'regions', value }, ...(this._home?.facts() ?? [])];
  }

  private all(): string[] {
    return this.witness === undefined ? this.replicas : [...this.replicas, this.witness];
  }

  private unknownRegion(): PropProblem | undefined {
    const given: unknown[] = [this.replicas, ...this.replicas];
    return (
      given.map((value) => unknownProblem('regions.replicas', value)).find((problem) => problem !== undefined) ??
      unknownProblem('regions.witness', this.witness)
    );
  }

  private nameProblem(): PropProblem | undefined {
    const wrong = this.all().find((region) => !isRegionName(region));
    return wrong === undefined
      ? undefined
      : {
          prop: 'regions',
          given: `'${wrong}'`,
          allowed: 'names of AWS regions, such as us-east-1, known at synthesis (no token)',
          mend: 'write the region name out',
        };
  }

  private repetitionProblem(): PropProblem | undefined {
    const repeated = this.replicas.find((region, index) => this.replicas.indexOf(region) !== index);
    if (repeated !== undefined) {
      return {
        prop: 'regions.replicas',
        given: `${this.replicas.join(', ')} (${repeated} twice)`,
        allowed: 'different regions',
        mend: `remove one ${repeated}`,
      };
    }
    if (this.witness !== undefined && this.replicas.includes(this.witness)) {
      return {
        prop: 'regions.witness',
        given: `${this.witness}, which is a replica too`,
        allowed: 'a third region that is not a replica',
        mend: 'choose another witness, or remove it from the replicas',
      };
    }
    return undefined;
  }

  private countProblem(): PropProblem | undefined {
    const count = this.replicas.length;
    const witness = this.witness === undefined ? ' without a witness' : ` and the witness ${this.witness}`;
    const given = `${count} (${this.replicas.join(', ') || 'none'})${witness}`;
    if (this.consistency === LedgerConsistency.HOME_REGION) {
      return count >= 2
        ? undefined
        : { prop: 'regions.replicas', given, allowed: 'two or more replicas in mode HOME_REGION', mend: 'add a region' };
    }
    if (count === (this.witness === undefined ? 3 : 2)) return undefined;
    return {
      prop: 'regions.replicas',
      given,
      allowed: 'three replicas, or two replicas and a witness, in mode STRONG',
      mend: count === 2 ? 'name a witness region' : 'add or remove regions, or use PaymentRegions.homeRegion',
    };
  }
}
