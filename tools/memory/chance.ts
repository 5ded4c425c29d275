/* eslint-disable no-bitwise -- a generator of pseudo-random numbers is bit arithmetic */

/** A hash of a seed and a label: streams with different labels have nothing to do with each other. */
function mixed(seed: number, label: string): number {
  let hash = (seed ^ 0x9e3779b9) >>> 0;
  for (let at = 0; at < label.length; at += 1) hash = Math.imul(hash ^ label.charCodeAt(at), 0x85ebca6b) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0;
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** All the chance there is in a run: mulberry32 from a seed and a label. */
export class Chance {
  private state: number;

  constructor(seed: number, label: string) {
    this.state = mixed(seed, label);
  }

  /** A number in [0, 1). */
  public readonly next = (): number => {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let value = this.state;
    value = Math.imul(value ^ (value >>> 15), value | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };

  public happens(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from 0 to `below` - 1. */
  public below(below: number): number {
    return Math.floor(this.next() * below);
  }

  public between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  public pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }
}
