export type { EngineAddress, EngineDirectory, Place } from '../network/network';
export { createLinks, defaultLagMs } from '../network/links';
export type { RegionProxy, RegionProxyOptions } from './region-proxy';
export { startRegionProxy } from './region-proxy';
