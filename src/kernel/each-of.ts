import { asError } from './cause';

/** Runs `work` for each item, so many at once, in order of the items. */
export async function eachOf<T, R>(items: readonly T[], atOnce: number, work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(atOnce, items.length) }, async () => {
      while (next < items.length) {
        const index = next;
        next += 1;
        results[index] = await work(items[index], index);
      }
    }),
  );
  return results;
}

/** What went wrong in several works, as one error; undefined where nothing did. */
export function failureOf(settled: readonly PromiseSettledResult<unknown>[]): Error | undefined {
  const errors = settled.flatMap((one) => (one.status === 'rejected' ? [asError(one.reason)] : []));
  if (errors.length < 2) return errors[0];
  return new AggregateError(errors, `${errors.length} of ${settled.length} failed: ${errors.map(({ message }) => message).join('; ')}`);
}

/** Waits for each, whatever becomes of the others, and throws at the end: of several things to put back none depends on another. */
export async function allOf(works: readonly Promise<unknown>[]): Promise<void> {
  const failure = failureOf(await Promise.allSettled(works));
  if (failure) throw failure;
}
