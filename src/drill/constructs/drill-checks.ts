import { Token } from 'aws-cdk-lib';
import { RegionDrillProps } from './drill-props';
import { RegionDrillKind } from './region-fault-props';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { wholeDaysProblem } from '../../cdk/checks/whole-days';
import { drillLimits, DrillPlan, mayFault } from '../contract';
import { faultLimits } from '../fault/contract';

/** Kept for the switch, the machine's steps and what is not foreseen. */
const reserveSeconds = 120;

/** What is wrong with a drill; undefined when nothing is. */
export function drillProblem(props: RegionDrillProps, plan: DrillPlan): PropProblem | undefined {
  return (
    placeProblem(props) ??
    nameProblem(props) ??
    urlProblem(props) ??
    rangeProblem('budget', plan.budgetSeconds, 5, 180) ??
    rangeProblem('before', plan.beforeSeconds, 10, 120) ??
    rangeProblem('during', plan.duringSeconds, 10, 120) ??
    rangeProblem('eventLimit', plan.eventMs === undefined ? undefined : plan.eventMs / 1000, 1, 3600) ??
    wholeDaysProblem('interval', props.interval, 100) ??
    rangeProblem('interval', plan.intervalDays, 1, 400, 'days') ??
    wholeDaysProblem('evidenceLock', props.evidenceLock, 2557) ??
    faultsProblem(props) ??
    longestProblem(plan) ??
    starterProblem(props)
  );
}

function placeProblem({ api, region }: RegionDrillProps): PropProblem | undefined {
  const { regions, region: own } = api._ledger;
  if (region !== own && regions.replicas.includes(region)) return undefined;
  return {
    prop: 'region',
    given: region === own ? `${region}, the region of this stack` : region,
    allowed: regions.replicas.filter((one) => one !== own).join(', '),
    mend: 'name another replica of the system: a drill stands in a region that stays in service',
  };
}

function nameProblem({ publicName, zoneName }: RegionDrillProps): PropProblem | undefined {
  const zone = zoneName ?? publicName.split('.').slice(1).join('.');
  if (publicName.endsWith(`.${zone}`) && zone.includes('.')) return undefined;
  return {
    prop: 'zoneName',
    given: `'${zone}' for the public name '${publicName}'`,
    allowed: 'the name of the hosted zone that holds the public name',
    mend: 'give the public name of the API, and the name of its zone, both without a dot at the end',
  };
}

function urlProblem({ prober: { tokenUrl } }: RegionDrillProps): PropProblem | undefined {
  if (Token.isUnresolved(tokenUrl) || (URL.canParse(tokenUrl) && tokenUrl.startsWith('https://'))) return undefined;
  return { prop: 'prober.tokenUrl', given: `'${tokenUrl}'`, allowed: 'an address with https://', mend: "give the issuer's token endpoint" };
}

function rangeProblem(prop: string, given: number | undefined, least: number, most: number, unit = 'seconds'): PropProblem | undefined {
  if (given === undefined || (given >= least && given <= most)) return undefined;
  return { prop, given: `${given} ${unit}`, allowed: `${least} to ${most} ${unit}`, mend: 'leave it out for the default' };
}

function faultsProblem({ api, kind, faults }: RegionDrillProps): PropProblem | undefined {
  const isFault = kind === RegionDrillKind.FAULT;
  if (isFault && faults === false) {
    return { prop: 'faults', given: 'false, with kind FAULT', allowed: 'true with kind FAULT', mend: 'leave it out, or give kind DRAIN' };
  }
  if (!api._ledger.regions._home || !(isFault || faults)) return undefined;
  return {
    prop: isFault ? 'kind' : 'faults',
    given: `${isFault ? 'FAULT' : 'true'}, for a ledger in HOME_REGION`,
    allowed: 'drills by a drain there',
    mend: 'leave it out: no other region takes accounts over while the functions of their home fail by themselves',
  };
}

function longestProblem({
  budgetSeconds,
  beforeSeconds,
  duringSeconds,
  returnSeconds,
  longestSeconds,
  ...kinds
}: DrillPlan): PropProblem | undefined {
  const ofKind = mayFault(kinds) ? faultLimits.effectSeconds : 0;
  const least = 2 * budgetSeconds + duringSeconds + ofKind + reserveSeconds;
  const most = drillLimits.proberSeconds - drillLimits.auditSeconds - beforeSeconds - returnSeconds;
  if (longestSeconds < least) {
    return {
      prop: 'longest',
      given: `${longestSeconds} seconds`,
      allowed: `${least} seconds or more: twice the budget, the time without the region, and ${ofKind + reserveSeconds} s`,
      mend: 'give the drill more time, or a smaller budget',
    };
  }
  if (longestSeconds <= most) return undefined;
  return {
    prop: 'longest',
    given: `${longestSeconds} seconds`,
    allowed: `${most} seconds at most: the prober runs for ${drillLimits.proberSeconds} s, before and after it too`,
    mend: 'make it shorter',
  };
}

function starterProblem({ gate, starters, starterGroups }: RegionDrillProps): PropProblem | undefined {
  const named = starters !== undefined || starterGroups !== undefined;
  if (named === (gate !== undefined)) return undefined;
  return {
    prop: 'gate',
    given: named ? 'missing, with starters' : 'without starters',
    allowed: 'a gate together with the people who may start a drill through it',
    mend: named ? 'give the gate too' : 'name them in starters or starterGroups',
  };
}
