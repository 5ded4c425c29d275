import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Subject } from '../subject';

let loaded: Subject | undefined;

/**
 * The ledger as the release before holds sent beside their claims had it: bundled once from its files and kept, so that a rolling
 * deployment can be simulated with both at work.
 */
export function releaseBefore(): Subject {
  if (loaded) return loaded;
  const made = { exports: {} as Subject };
  const text = readFileSync(path.resolve('test/simulation/releases/ledger-0.0.0.txt'), 'utf8');
  new Function('module', 'exports', 'require', text)(made, made.exports, createRequire(path.resolve('package.json')));
  loaded = made.exports;
  // The name that it had for this; the simulation calls it by today's.
  const attempt = loaded.Attempt.prototype as unknown as Record<string, unknown>;
  attempt.bestEffort = attempt.kindly;
  return loaded;
}
