import { distanceKm, regionPlaces } from '../ground/region-places';

/** Round trip per kilometre of great circle: light in fibre, with the detours that cables take. */
const msPerKm = 0.015;
/** Far from everywhere: a region whose place is not known is nobody's nearest. */
const unknownMs = 400;

export function knownLocations(): string[] {
  return Object.keys(regionPlaces);
}

export function isKnownLocation(name: string): boolean {
  return knownLocations().includes(name);
}

/** Estimated round trip in milliseconds. An unknown region counts as far from everywhere but itself. */
export function latencyMs(from: string, to: string): number {
  if (from === to) return 1;
  const distance = distanceKm(from, to);
  return distance === undefined ? unknownMs : 1 + distance * msPerKm;
}
