import { CfnTag, TagManager, TagType } from 'aws-cdk-lib';
import { CfnGlobalTable } from 'aws-cdk-lib/aws-dynamodb';

/**
 * What `Tags.of` writes to for a global table, whose replicas have tags each and which has none itself: CDK's `CfnGlobalTable` takes none.
 */
export function replicaTagManager(): TagManager {
  return new TagManager(TagType.STANDARD, CfnGlobalTable.CFN_RESOURCE_TYPE_NAME);
}

/** A replica's tags, once all aspects have run; those of the props win. */
export function replicaTags(tags: TagManager, own: Readonly<Record<string, string>> = {}): CfnTag[] | undefined {
  const all = Object.entries({ ...tags.tagValues(), ...own }).map(([key, value]) => ({ key, value }));
  return all.length === 0 ? undefined : all;
}
