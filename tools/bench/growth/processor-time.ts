/** The client's processor time of calls on an account that holds many entries, as a multiple of the same call's on one that holds none. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GrowthCall, growthCalls, Held, HeldAccount } from './entries';
import { LedgerMode, ledgerModes } from './ledgers';
import type { LedgerStore } from '../../../src/ledger/ports';
import { median } from '../subjects/statistics';

export interface EntryRatios extends Held {
  readonly mode: LedgerMode;
  /** Medians of the rounds. */
  readonly ratios: Readonly<Record<GrowthCall, number>>;
}

type Times = Readonly<Record<GrowthCall, number>>;

/** Fewer than are counted: an engine on this machine takes its time for large items. The first is what the others are compared with. */
const steps: readonly Held[] = [0, 1_000, 4_900].map((entries) => ({ kind: 'holds', entries }));
const callsAtOnce = 6;

/** @param store on a real engine: nearly all of the time is the SDK's, and grows with what it sends and reads */
export async function entryRatios(store: LedgerStore, rounds: number): Promise<readonly EntryRatios[]> {
  const ratios: EntryRatios[] = [];
  for (const mode of ledgerModes) {
    const taken: (readonly Times[])[] = [];
    // One round more than asked for: the first warms the code up.
    for (let round = 0; round <= rounds; round += 1) {
      const times: Times[] = [];
      for (const held of steps) times.push(await timesOf(await HeldAccount.open(mode, store, held)));
      if (round > 0) taken.push(times);
    }
    ratios.push(...steps.map((held, step) => ({ mode, ...held, ratios: ratiosOf(taken, step) })));
  }
  return ratios;
}

async function timesOf(account: HeldAccount): Promise<Times> {
  const times: [GrowthCall, number][] = [];
  for (const call of growthCalls) {
    const calls = await account.prepare(call, callsAtOnce);
    times.push([
      call,
      await processorMs(async () => {
        for (const work of calls) await work();
      }),
    ]);
  }
  return Object.fromEntries(times) as Record<GrowthCall, number>;
}

export function ratiosOf(rounds: readonly (readonly Times[])[], step: number): Times {
  return Object.fromEntries(growthCalls.map((call) => [call, median(rounds.map((times) => times[step][call] / times[0][call]))])) as Record<
    GrowthCall,
    number
  >;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Processor time of this process, which has nothing else to do: not even what earlier work left behind. */
export async function processorMs(work: () => Promise<unknown>): Promise<number> {
  collectGarbage();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
