import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { ReplicatedDocumentsProps } from './documents-props';
import { bucketRegionsProblem, bucketStackProblem } from '../../cdk/checks/bucket-regions';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkPlaces } from '../../cdk/checks/places';
import { declarePart } from '../../cdk/checks/system-parts';
import { wholeDaysProblem } from '../../cdk/checks/whole-days';
import { checkSystemName } from '../../ledger/constructs/system-checks';
import { documentsBucketName } from '../contract';

/** Throws on the first prop that cannot be meant; the stack's region otherwise. */
export function checkDocuments(scope: Construct, props: ReplicatedDocumentsProps): string {
  const { systemName, regions, bothWays = true, deleteMarkers = true, oldVersions } = props;
  checkSystemName(scope, systemName);
  checkLiterals(scope, props, { texts: ['regions'] });
  const { region } = Stack.of(scope);
  const problem =
    bucketRegionsProblem({ systemName, regions, construct: 'ReplicatedDocuments', bucketName: documentsBucketName }) ??
    bucketStackProblem(region, regions) ??
    wholeDaysProblem('oldVersions', oldVersions, 90);
  if (problem) throw invalidProps(scope, problem);
  checkPlaces(scope, 'DocumentsAlarmOptions', props.alarms, 'alarms.');
  // Old versions too: where they end earlier than in another region, the two are never equal.
  declarePart(scope, {
    systemName,
    kind: 'ReplicatedDocuments',
    about: 'documents',
    regions,
    facts: [
      { prop: 'regions', value: regions.join(', ') },
      { prop: 'bothWays', value: String(bothWays) },
      { prop: 'deleteMarkers', value: String(deleteMarkers) },
      { prop: 'oldVersions', value: `${oldVersions?.toDays() ?? 90} days` },
    ],
  });
  return region;
}
