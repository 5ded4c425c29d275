/** The bill of materials of what the bundles carry, in CycloneDX: for a scanner that looks for known weaknesses in what a team deploys. */
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { LicensedPackage } from './licenses';

/** Without a time and a serial number: the same packages give the same file. */
export function renderSbom(product: { readonly name: string; readonly version: string }, packages: readonly LicensedPackage[]): string {
  const bom = new Models.Bom({
    metadata: new Models.Metadata({
      component: new Models.Component(Enums.ComponentType.Library, product.name, {
        version: product.version,
        // Without one the library draws lots.
        bomRef: `pkg:npm/${product.name}@${product.version}`,
      }),
    }),
  });
  for (const { name, version, license } of packages) {
    const [group, own] = name.startsWith('@') ? name.split('/') : [undefined, name];
    const purl = `pkg:npm/${[...(group === undefined ? [] : [encodeURIComponent(group)]), own].join('/')}@${version}`;
    bom.components.add(
      new Models.Component(Enums.ComponentType.Library, own, {
        ...(group === undefined ? {} : { group }),
        version,
        purl,
        bomRef: purl,
        licenses: new Models.LicenseRepository([new Models.LicenseExpression(license)]),
      }),
    );
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}
