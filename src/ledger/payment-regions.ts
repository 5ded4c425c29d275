import { PropProblem } from '../cdk/invalid-props';
import { isRegionName } from '../kernel/region';

/** How the copies of the ledger agree. */
export enum LedgerConsistency {
  /** Multi-region strong consistency: a write is in two regions before it is answered; nothing accepted is lost with a region. */
  STRONG = 'STRONG',
  /** Asynchronous replication with one writing region per account; any number of regions, anywhere. */
  HOME_REGION = 'HOME_REGION',
}

/** Regions of a ledger in mode `STRONG`. */
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
}

/** Where AWS documents multi-region strong consistency; the list grows, so a set outside it is a warning only. */
const knownStrongSets: readonly (readonly string[])[] = [
  ['us-east-1', 'us-east-2', 'us-west-2'],
  ['eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-central-1'],
  ['ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3'],
];

/**
 * The regions of one system and how they agree. Every stack of the system is given the same one; it is checked by each
 * construct that takes it, so that the message names the construct.
 */
export class PaymentRegions {
  /** Multi-region strong consistency: exactly three regions, all replicas or two replicas and a witness. */
  public static strong(props: StrongRegionsProps): PaymentRegions {
    return new PaymentRegions(LedgerConsistency.STRONG, props.replicas, props.witness);
  }

  /** One writing region per account, replicated asynchronously. */
  public static homeRegion(props: HomeRegionsProps): PaymentRegions {
    return new PaymentRegions(LedgerConsistency.HOME_REGION, props.replicas);
  }

  private constructor(
    /** How the copies agree. */
    public readonly consistency: LedgerConsistency,
    /** Regions that take payments. */
    public readonly replicas: string[],
    /** Region of the witness, in mode `STRONG` with two replicas. */
    public readonly witness?: string,
  ) {}

  /** @internal The first thing wrong with the regions as given. */
  public _problem(): PropProblem | undefined {
    return this.nameProblem() ?? this.repetitionProblem() ?? this.countProblem();
  }

  /** @internal The text of a warning when AWS is not known to offer strong consistency in these regions. */
  public _unknownSetWarning(): string | undefined {
    if (this.consistency !== LedgerConsistency.STRONG) return undefined;
    const all = this.all();
    if (knownStrongSets.some((set) => all.every((region) => set.includes(region)))) return undefined;
    return `'regions' is ${all.join(', ')}: this package does not know that AWS offers multi-region strong consistency there `
      + `(it knows ${knownStrongSets.map((set) => set.join('/')).join('; ')}). Check the AWS documentation, then acknowledge this warning`;
  }

  private all(): string[] {
    return this.witness === undefined ? this.replicas : [...this.replicas, this.witness];
  }

  private nameProblem(): PropProblem | undefined {
    const wrong = this.all().find((region) => !isRegionName(region));
    return wrong === undefined ? undefined : {
      prop: 'regions',
      given: `'${wrong}'`,
      allowed: 'names of AWS regions, such as us-east-1, known at synthesis (no token)',
      mend: 'write the region name out',
    };
  }

  private repetitionProblem(): PropProblem | undefined {
    const repeated = this.replicas.find((region, index) => this.replicas.indexOf(region) !== index);
    if (repeated !== undefined) {
      return { prop: 'regions.replicas', given: `${this.replicas.join(', ')} (${repeated} twice)`, allowed: 'different regions', mend: `remove one ${repeated}` };
    }
    if (this.witness !== undefined && this.replicas.includes(this.witness)) {
      return {
        prop: 'regions.witness',
        given: `${this.witness}, which is a replica too`,
        allowed: 'a third region that is no replica',
        mend: 'choose another witness, or remove it from the replicas',
      };
    }
    return undefined;
  }

  private countProblem(): PropProblem | undefined {
    const count = this.replicas.length;
    const given = `${count} (${this.replicas.join(', ') || 'none'})${this.witness === undefined ? ' without a witness' : ` and the witness ${this.witness}`}`;
    if (this.consistency === LedgerConsistency.HOME_REGION) {
      return count >= 2 ? undefined : {
        prop: 'regions.replicas', given, allowed: 'two or more replicas in mode HOME_REGION', mend: 'add a region',
      };
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
