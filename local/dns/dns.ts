import type { ApiEndpoint, Dns, FabricResource, RegionHandle } from '../model';

export interface DnsDeps {
  /** All RecordSet, RecordSetGroup and HealthCheck resources (others are ignored), with resolved properties. */
  readonly resources: readonly FabricResource[];
  readonly regions: readonly RegionHandle[];
  readonly apis: readonly ApiEndpoint[];
  /** Shown when something in the records cannot be done here; one line each. */
  readonly warn?: (line: string) => void;
}

/** Starts the system's DNS and its health checkers. */
export function startDns(deps: DnsDeps): Dns {
  throw new Error(`not built yet (${deps.resources.length} resources)`);
}
