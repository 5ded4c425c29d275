/** Names by which one part of a system finds another that it does not know. */

/** Parameter in which a region says where its part of the public name is and what checks it: JSON, `RegionAddress`. */
export function regionAddressName(systemName: string): string {
  return `/${systemName}/cutover/region-address`;
}

/** What a region says of itself. */
export interface RegionAddress {
  /** Regional name of its API. */
  readonly value: string;
  readonly healthCheckId?: string;
}

/** Name of the state machine that moves a system. */
export function cutoverName(systemName: string): string {
  return `${systemName}-cutover`;
}
