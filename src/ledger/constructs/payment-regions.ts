import { HomeArrangement } from './home-arrangement';
import { HomeRegionsProps, StrongRegionsProps } from './regions-props';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { unknownProblem } from '../../cdk/checks/literals';
import { SharedFact } from '../../cdk/checks/system-parts';
import { isRegionName } from '../../kernel/region';
import { unknownStrongRegions } from '../../kernel/strong-regions';

/** How the copies of the ledger agree. */
export enum LedgerConsistency {
  /** Multi-region strong consistency: a write is in two regions before it is answered; nothing accepted is lost with a region. */
  STRONG = 'STRONG',
  /** Asynchronous replication with one writing region per account; any number of regions, anywhere. */
  HOME_REGION = 'HOME_REGION',
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
