import { existsSync, statSync } from 'fs';
import { join } from 'path';
import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ReplicatedSiteProps } from './site-props';
import { bucketRegionsProblem, bucketStackProblem } from '../../cdk/checks/bucket-regions';
import { PropProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { declarePart } from '../../cdk/checks/system-parts';
import { wholeDaysProblem } from '../../cdk/checks/whole-days';
import { checkSystemName } from '../../ledger/constructs/system-checks';
import { siteBucketName, siteIndex } from '../contract';

/** Throws on the first prop that cannot be meant; the stack's region otherwise. */
export function checkSite(scope: Construct, props: ReplicatedSiteProps): string {
  checkSystemName(scope, props.systemName);
  checkLiterals(scope, props, { texts: ['regions', 'folder', 'immutableFiles'] });
  const { region } = Stack.of(scope);
  const problem =
    siteRegionsProblem(props.systemName, props.regions) ??
    bucketStackProblem(region, props.regions) ??
    folderProblem(props) ??
    wholeDaysProblem('oldVersions', props.oldVersions, 90);
  if (problem) throw invalidProps(scope, problem);
  return region;
}

/** What is wrong with the regions of a site, in the site's own props and in the edge's. */
export function siteRegionsProblem(systemName: string, regions: readonly string[]): PropProblem | undefined {
  return bucketRegionsProblem({ systemName, regions, construct: 'ReplicatedSite', bucketName: siteBucketName });
}

/** Notes who is of the site: all must agree on its regions and their order, since they find the buckets by name. */
export function declareSitePart(scope: Construct, kind: string, systemName: string, regions: readonly string[]): void {
  declarePart(scope, { systemName, kind, about: 'site', regions, facts: [{ prop: 'regions', value: regions.join(', ') }] });
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
