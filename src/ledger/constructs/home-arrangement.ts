import { Duration } from 'aws-cdk-lib';
import { AccountHomes, HomeTakeover } from './account-homes';
import { authorityTableName, HomeEnvironment, homeLimits } from '../contract';
import { HomeRegionsProps, StrongRegionsProps } from './regions-props';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { unknownProblem } from '../../cdk/checks/literals';
import { SharedFact } from '../../cdk/checks/system-parts';
import { isRegionName } from '../../kernel/region';
import { nearStrongRegions } from '../../kernel/strong-regions';

/** By the first part of a region's name: the continent whose strong set is near. */
const nearSet: Readonly<Record<string, number>> = { us: 0, ca: 0, mx: 0, sa: 0, eu: 1, af: 1, il: 1, me: 1, ap: 2 };

const shortestLease = homeLimits.requestMs + 1_000;
const longestLease = 60_000;

/** The settings of HOME_REGION, with their defaults. */
export class HomeArrangement {
  public readonly lease: Duration;
  public readonly clockMargin: Duration;
  public readonly takeover: HomeTakeover;
  public readonly authority: StrongRegionsProps;
  private readonly homes: AccountHomes;
  /** Nothing that stays says where it shall be: what stands in `authority` is a proposal. */
  private readonly authorityIsOpen: boolean;

  constructor(private readonly props: HomeRegionsProps) {
    this.lease = props.lease ?? Duration.seconds(10);
    this.clockMargin = props.clockMargin ?? Duration.seconds(1);
    this.takeover = props.takeover ?? HomeTakeover.AUTOMATIC;
    this.homes = props.homes ?? AccountHomes.oneRegion(props.replicas[0]);
    this.authority = props.authority ?? authorityOf(props) ?? authorityNear(props.replicas[0] ?? '');
    this.authorityIsOpen = !props.authority && !authorityOf(props);
  }

  /** Longest time from a home's last renewal until another region may take over. */
  public takeoverWait(): Duration {
    return Duration.millis(this.lease.toMilliseconds() + homeLimits.requestMs + this.clockMargin.toMilliseconds());
  }

  /** The settings as the functions of one region get them. */
  public environment(systemName: string, region: string): HomeEnvironment {
    return {
      regions: this.regions(),
      units: this.homes.units,
      leaseMs: this.lease.toMilliseconds(),
      requestMs: homeLimits.requestMs,
      clockMarginMs: this.clockMargin.toMilliseconds(),
      refreshMs: homeLimits.refreshMs,
      moveRequestMs: homeLimits.moveRequestMs,
      moveRefreshMs: homeLimits.moveRefreshMs,
      movePauseMs: homeLimits.movePauseMs,
      takeover: this.takeover,
      forwardMs: homeLimits.forwardMs,
      authorityTable: authorityTableName(systemName),
      authorityRegions: this.authorityFrom(region),
      cutoverRegions: this.cutoverRegions(),
    };
  }

  /** Where a cutover of the system may stand. */
  public cutoverRegions(): string[] {
    const { cutoverRegion, replicas } = this.props;
    return cutoverRegion === undefined ? replicas : [cutoverRegion];
  }

  /** What every part of a system must say alike, by prop. */
  public facts(): SharedFact[] {
    const {
      homes: { region, units },
      authority: { replicas, witness },
    } = this;
    return [
      { prop: 'regions.homes', value: region === undefined ? `${units} units by tenant` : `all in ${region}` },
      { prop: 'regions.takeover', value: this.takeover },
      { prop: 'regions.lease', value: `${this.lease.toMilliseconds()} ms` },
      { prop: 'regions.clockMargin', value: `${this.clockMargin.toMilliseconds()} ms` },
      { prop: 'regions.cutoverRegion', value: [...this.cutoverRegions()].sort().join(' or ') },
      {
        prop: 'regions.authority',
        value: `${[...replicas].sort().join(', ')}${witness === undefined ? '' : ` with the witness ${witness}`}`,
      },
    ];
  }

  public problem(): PropProblem | undefined {
    const { lease, clockMargin, homes } = this;
    const given: [string, unknown][] = [
      ['regions.lease', lease],
      ['regions.clockMargin', clockMargin],
      ['regions.homes', homes.units],
      ['regions.homes', homes.region],
    ];
    const unknown = given.map(([prop, value]) => unknownProblem(prop, value)).find((problem) => problem !== undefined);
    return (
      unknown ??
      unknownProblem('regions.authority.replicas', this.authority.replicas) ??
      this.homesProblem() ??
      this.timesProblem() ??
      this.authorityProblem() ??
      this.cutoverProblem()
    );
  }

  /** The authority's replicas in the order in which a region asks them: its own, those that take no payments, the others. */
  private authorityFrom(region: string): string[] {
    const rank = (replica: string): number => (replica === region ? 0 : this.props.replicas.includes(replica) ? 2 : 1);
    return [...this.authority.replicas].sort((one, other) => rank(one) - rank(other));
  }

  /** Regions that can be home, the one where accounts begin first. */
  private regions(): string[] {
    const { replicas } = this.props;
    const { region } = this.homes;
    return region === undefined ? replicas : [region, ...replicas.filter((replica) => replica !== region)];
  }

  private homesProblem(): PropProblem | undefined {
    const { region, units } = this.homes;
    const { replicas } = this.props;
    if (region !== undefined && !replicas.includes(region)) {
      return {
        prop: 'regions.homes',
        given: `AccountHomes.oneRegion('${region}')`,
        allowed: `one of ${replicas.join(', ')}`,
        mend: 'name a replica, or add the region to the replicas',
      };
    }
    if (region !== undefined || (Number.isInteger(units) && units >= 2 && units <= 256)) return undefined;
    return {
      prop: 'regions.homes',
      given: `AccountHomes.byTenant(${units})`,
      allowed: 'a whole number of units from 2 to 256',
      mend: 'leave it out for 16 units',
    };
  }

  private cutoverProblem(): PropProblem | undefined {
    const { cutoverRegion } = this.props;
    if (cutoverRegion === undefined || isRegionName(cutoverRegion)) return undefined;
    return {
      prop: 'regions.cutoverRegion',
      given: `'${cutoverRegion}'`,
      allowed: 'the name of an AWS region',
      mend: 'name the region of the stack with the cutover, or leave it out',
    };
  }

  private timesProblem(): PropProblem | undefined {
    const lease = this.lease.toMilliseconds();
    if (lease < shortestLease || lease > longestLease) {
      return {
        prop: 'regions.lease',
        given: `${lease / 1000} s`,
        allowed: `${shortestLease / 1000} to ${longestLease / 1000} seconds: it must outlive a request of ${homeLimits.requestMs / 1000} s`,
        mend: 'leave it out for 10 seconds',
      };
    }
    const margin = this.clockMargin.toMilliseconds();
    if (margin >= 100 && margin <= 30_000) return undefined;
    return { prop: 'regions.clockMargin', given: `${margin} ms`, allowed: '100 ms to 30 s', mend: 'leave it out for 1 second' };
  }

  private authorityProblem(): PropProblem | undefined {
    const { replicas, witness } = this.authority;
    const all = [...replicas, ...(witness === undefined ? [] : [witness])];
    if (this.authorityIsOpen) {
      return {
        prop: 'regions.authority',
        given: `not given, with the replicas ${this.props.replicas.join(', ')}`,
        allowed: 'three regions near the homes, written out: they can never change, but the replicas can',
        mend:
          `write authority: { replicas: ['${replicas.join("', '")}'], witness: '${witness}' }, or name the home of all accounts ` +
          `with AccountHomes.oneRegion`,
      };
    }
    const unknown = all.map((region) => unknownProblem('regions.authority', region)).find((problem) => problem !== undefined);
    if (unknown) return unknown;
    const given = `${replicas.join(', ')}${witness === undefined ? '' : ` and the witness ${witness}`}`;
    if (all.length === 3 && new Set(all).size === 3 && replicas.length >= 2 && all.every(isRegionName)) return undefined;
    return {
      prop: 'regions.authority',
      given,
      allowed: 'three different regions: all replicas, or two replicas and a witness',
      mend: 'leave it out for the regions near the first home',
    };
  }
}

/**
 * Two replicas and a witness, from what never changes alone: DynamoDB changes no member of a strong set, and regions are added and named in
 * another order later. So it is the one home that was named, with others near it; without one it is always the same three.
 */
function authorityOf({ homes, replicas }: HomeRegionsProps): StrongRegionsProps | undefined {
  if (homes?.region !== undefined) return authorityNear(homes.region);
  return replicas.some((region) => continentOf(region) === 0) ? authorityNear(nearStrongRegions[0][0]) : undefined;
}

/** The region itself where it can be a member, then others of its continent. With any one region lost two members are left. */
function authorityNear(region: string): StrongRegionsProps {
  const set = nearStrongRegions[continentOf(region)];
  const [first, second, witness] = [...set.filter((name) => name === region), ...set.filter((name) => name !== region)];
  return { replicas: [first, second], witness };
}

const continentOf = (region: string): number => nearSet[region.split('-')[0]] ?? 0;
