import { FailedRange } from './service';

/**
 * Setting a record of the ledger's stream aside. One that cannot be read holds up all that come after it in its shard, until it is given up
 * after hours. A person names it by its sequence number: it goes to the dead letters, and the outbox and the sweep pass over it.
 */

interface Failed {
  readonly id: string;
  readonly reason: string;
}

/**
 * Works off records, over those that were set aside. A mark is looked for only where a record fails, so it costs nothing else, and one that
 * can be read by now is not passed over.
 */
export async function passingOver<R extends { readonly id: string }, T extends { readonly failed?: Failed }>(
  records: readonly R[],
  isSetAside: (id: string) => Promise<boolean>,
  work: (records: readonly R[]) => Promise<T>,
): Promise<{ readonly done: readonly T[]; readonly passed: readonly string[]; readonly failed?: Failed }> {
  const done: T[] = [];
  const passed: string[] = [];
  for (let left = records; left.length > 0;) {
    const result = await work(left);
    done.push(result);
    const { failed } = result;
    if (!failed) break;
    if (!(await isSetAside(failed.id))) return { done, passed, failed };
    passed.push(failed.id);
    left = left.slice(left.findIndex(({ id }) => id === failed.id) + 1);
  }
  return { done, passed };
}

export interface SetAsidePorts {
  /** Where the record is; undefined: the stream has it no more, or never had. */
  readonly find: (sequenceNumber: string) => Promise<FailedRange | undefined>;
  /** Puts a range into the dead-letter queue of given-up ranges. */
  readonly letter: (range: FailedRange) => Promise<void>;
  readonly mark: (sequenceNumber: string) => Promise<void>;
}

/** Sets a record aside: first the letter, then the mark, so that it is never passed over without being kept. Safe to repeat. */
export async function setAside(ports: SetAsidePorts, sequenceNumber: string): Promise<FailedRange> {
  const range = await ports.find(sequenceNumber);
  if (!range) {
    throw new Error(
      `'setAside' is '${sequenceNumber}', which the stream does not have: give the sequence number that the function's log names in ` +
        `'failed.id'`,
    );
  }
  await ports.letter(range);
  await ports.mark(sequenceNumber);
  return range;
}
