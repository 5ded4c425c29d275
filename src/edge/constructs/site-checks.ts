import { existsSync, statSync } from 'fs';
import { join } from 'path';
import { Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ReplicatedSiteProps } from './site-props';
import { PropProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { declarePart } from '../../cdk/checks/system-parts';
import { wholeDaysProblem } from '../../cdk/checks/whole-days';
import { isRegionName } from '../../kernel/region';
import { checkSystemName } from '../../ledger/constructs/system-checks';
import { siteBucketName, siteIndex } from '../contract';

const longestBucketName = 63;
/** An account known at deployment alone is as long as any. */
const anyAccount = '0'.repeat(12);

/** Throws on the first prop that cannot be meant; the stack's region otherwise. */
export function checkSite(scope: Construct, props: ReplicatedSiteProps): string {
  checkSystemName(scope, props.systemName);
  checkLiterals(scope, props, { texts: ['regions', 'folder', 'immutableFiles'] });
  const { region } = Stack.of(scope);
  const problem =
    siteRegionsProblem(props.systemName, props.regions) ??
    stackProblem(region, props.regions) ??
    folderProblem(props) ??
    wholeDaysProblem('oldVersions', props.oldVersions, 90);
  if (problem) throw invalidProps(scope, problem);
  return region;
}

/** What is wrong with the regions of a site, in the site's own props and in the edge's. */
export function siteRegionsProblem(systemName: string, regions: readonly string[]): PropProblem | undefined {
  const given = regions.join(', ') || 'empty';
  const prop = 'regions';
  const wrong = regions.find((region) => !isRegionName(region));
  if (wrong !== undefined) {
    return { prop, given: `'${wrong}'`, allowed: 'names of AWS regions, such as us-east-1', mend: 'write the region name out' };
  }
  const repeated = regions.find((region, at) => regions.indexOf(region) !== at);
  if (repeated !== undefined) {
    return { prop, given: `${given} (${repeated} twice)`, allowed: 'different regions', mend: `remove one ${repeated}` };
  }
  if (regions.length < 2) {
    const mend = 'add a second region, and a ReplicatedSite in its stack';
    return { prop, given, allowed: 'two or more regions: with one alone nothing is left when it is lost', mend };
  }
  const excess = Math.max(...regions.map((region) => siteBucketName(systemName, anyAccount, region).length)) - longestBucketName;
  if (excess <= 0) return undefined;
  return {
    prop: 'systemName',
    given: `'${systemName}'`,
    allowed: `${systemName.length - excess} characters with these regions: S3 names buckets with ${longestBucketName} at most`,
    mend: 'shorten the name',
  };
}

/** Notes who is of the site: all must agree on its regions and their order, since they find the buckets by name. */
export function declareSitePart(scope: Construct, kind: string, systemName: string, regions: readonly string[]): void {
  declarePart(scope, { systemName, kind, about: 'site', regions, facts: [{ prop: 'regions', value: regions.join(', ') }] });
}

function stackProblem(region: string, regions: readonly string[]): PropProblem | undefined {
  const prop = 'env.region of the stack';
  const allowed = regions.join(', ');
  if (Token.isUnresolved(region)) {
    return { prop, given: 'not set', allowed, mend: 'give the stack an env with a region: the bucket has it in its name' };
  }
  return regions.includes(region)
    ? undefined
    : { prop, given: region, allowed, mend: "use one of the regions, or add the region to 'regions'" };
}

function folderProblem({ folder }: ReplicatedSiteProps): PropProblem | undefined {
  const isFolder = existsSync(folder) && statSync(folder).isDirectory();
  if (isFolder && existsSync(join(folder, siteIndex))) return undefined;
  return {
    prop: 'folder',
    given: `'${folder}', ${isFolder ? `without ${siteIndex}` : 'which is not a folder'}`,
    allowed: `a folder that holds ${siteIndex}`,
    mend: 'build the site before the synthesis, and give the path of what was built',
  };
}
