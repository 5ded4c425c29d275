export type { EngineAddress, EngineDirectory, Place } from './network';
export { createLinks, defaultLagMs } from './links';
export type { RegionProxy, RegionProxyOptions } from './region-proxy';
export { startRegionProxy } from './region-proxy';
