import { LedgerStore } from '../../src/ledger/ports';

/**
 * Whether the write at which a process was killed had its effect.
 * - `alone`: it had none, but what was sent at the same time had.
 */
export type Fate = 'lost' | 'landed' | 'alone';

export const fates: readonly Fate[] = ['lost', 'landed', 'alone'];

/** Thrown at a process in place of an answer: it is gone. */
export class Killed extends Error {
  constructor() {
    super('the process is gone');
    this.name = 'Killed';
  }
}

/** A process that is killed at one of its writes, or never. From then on nothing that it asks for has an effect. */
export class Process {
  /** What was written, in order; the last one is where it was killed. */
  public readonly writes: string[] = [];
  public dead = false;

  /**
   * @param at which write, from 1; absent: it lives
   * @param meanwhile what others do just before that write: then it is not killed, but overtaken
   */
  constructor(
    private readonly at?: number,
    private readonly fate: Fate = 'lost',
    private readonly meanwhile?: () => Promise<unknown>,
  ) {}

  /** Whether it came as far as the write. */
  public get reached(): boolean {
    return this.at !== undefined && this.writes.length >= this.at;
  }

  public async write<T>(what: string, effect: () => Promise<T> | T): Promise<T> {
    if (this.dead) throw new Killed();
    this.writes.push(what);
    if (this.writes.length !== this.at) return effect();
    if (this.meanwhile) {
      await this.meanwhile();
      return effect();
    }
    if (this.fate === 'alone') await new Promise(setImmediate);
    this.dead = true;
    if (this.fate === 'landed') await effect();
    throw new Killed();
  }

  public async read<T>(effect: () => Promise<T> | T): Promise<T> {
    if (this.dead) throw new Killed();
    return effect();
  }

  /** A store as this process reaches it. */
  public store(store: LedgerStore): LedgerStore {
    return {
      create: (item) => this.write(`create ${item.pk}`, () => store.create(item)),
      change: (change) => this.write(`change ${change.pk}`, () => store.change(change)),
      read: (pk, strong) => this.read(() => store.read(pk, strong)),
      readMany: (pks) => this.read(() => store.readMany(pks)),
      list: (account, limit, from) => this.read(() => store.list(account, limit, from)),
    };
  }

  /** Runs to its end, or to where it is killed. What it makes of being gone counts for nothing. */
  public async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work();
      return this.dead ? undefined : result;
    } catch (error) {
      if (!this.dead) throw error;
      return undefined;
    }
  }
}

export interface Procedure<W> {
  readonly world: () => W | Promise<W>;
  /** Works with what the process reaches. */
  readonly run: (world: W, process: Process) => Promise<unknown>;
  /**
   * What is left to others, once it was killed or has ended: a retry, another worker, the sweep; and what must hold then. Throws where it
   * does not.
   */
  readonly after: (world: W, killed: boolean) => Promise<void>;
}

/** A procedure with more writes than this does not end. */
const mostWrites = 400;

/** Kills a procedure at each of its writes, once before and once after its effect, and lets it live; returns how many writes it has. */
export async function killedAtEveryWrite<W>({ world: make, run, after }: Procedure<W>): Promise<number> {
  let writes = 0;
  for (const fate of fates) {
    for (let at = 1; ; at += 1) {
      if (at > mostWrites) throw new Error(`more than ${mostWrites} writes: the procedure does not end`);
      const world = await make();
      const process = new Process(at, fate);
      try {
        await process.run(() => run(world, process));
        await after(world, process.dead);
      } catch (error) {
        const where = process.dead ? `killed at write ${at}, ${process.writes.at(-1)}, which was ${fate}` : 'not killed at all';
        throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
      if (!process.dead) {
        writes = at - 1;
        break;
      }
    }
  }
  return writes;
}
