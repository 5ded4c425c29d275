import type { CfnResource } from '../ground/model';

/** What `BucketDeployment` of the CDK makes of each folder that it copies. */
export const siteCopyType = 'Custom::CDKBucketDeployment';

/**
 * What is in a template for such copies alone: the function that unpacks files, and its layer with the AWS CLI. The fabric copies by
 * itself, and need not upload 21 MB to each region for that.
 */
export function copiersIn(resources: Readonly<Record<string, CfnResource>>): string[] {
  const called = (resource: CfnResource): string | undefined =>
    resource.Properties?.ServiceToken?.['Fn::GetAtt']?.[0] as string | undefined;
  const all = Object.values(resources);
  const functions = new Set(all.filter(({ Type }) => Type === siteCopyType).flatMap((resource) => called(resource) ?? []));
  for (const resource of all) if (resource.Type !== siteCopyType) functions.delete(called(resource) ?? '');
  const layersOf = (id: string): string[] =>
    ((resources[id]?.Properties?.Layers ?? []) as { Ref?: string }[]).flatMap(({ Ref }) => Ref ?? []);
  const kept = new Set(
    Object.keys(resources)
      .filter((id) => !functions.has(id))
      .flatMap(layersOf),
  );
  return [...functions, ...[...functions].flatMap(layersOf).filter((layer) => !kept.has(layer))];
}
