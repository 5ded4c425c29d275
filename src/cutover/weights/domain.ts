import { digestOf } from '../../kernel/digest';
import { canonicalJson, Json } from '../../kernel/fingerprint';
import { CutoverState, weightsOf } from '../audit/domain';
import { RecordShape, RecordTarget, RegionPair, StampedShape, Weights } from '../model';

/** The public name's records as they are. */
export type PublicRecords =
  | { readonly kind: 'ours'; readonly stamped: StampedShape; readonly raw: unknown }
  /** Records of this name that the cutover did not make, or not as a pair. */
  | { readonly kind: 'other'; readonly description: string; readonly raw: unknown }
  | { readonly kind: 'none'; readonly raw: unknown };

/** Whether two shapes are the same in everything that counts. */
export function sameShape(one: RecordShape, other: RecordShape): boolean {
  return canonicalJson(one as unknown as Json) === canonicalJson(other as unknown as Json);
}

/** Whether the records are as recorded, or as an intent that was recorded has made them. */
export function isExplained(state: CutoverState, found: PublicRecords): boolean {
  if (found.kind === 'other') return false;
  if (found.kind === 'none') return state.recorded === undefined;
  const { shape, stamp } = found.stamped;
  const known: StampedShape[] = [
    ...(state.recorded ? [state.recorded] : []),
    ...state.open.map(({ seq, to }) => ({ stamp: seq, shape: to })),
  ];
  return known.some((one) => one.stamp === stamp && sameShape(one.shape, shape));
}

/** Whose records were found: the regions of the intent that made them, else the recorded ones; undefined where nobody has said. */
export function regionsAt({ open, regions }: CutoverState, found: PublicRecords): RegionPair | undefined {
  const by = found.kind === 'ours' ? open.find(({ seq }) => seq === found.stamped.stamp) : undefined;
  return by?.regions ?? regions;
}

/** Shares that add up to 100, whatever the weights do. */
export function sharesOf(shape: RecordShape): Weights {
  const { source, target } = weightsOf(shape);
  if (source + target === 0) return { source: 50, target: 50 };
  const share = Math.round((100 * target) / (source + target));
  return { source: 100 - share, target: share };
}

/** The shape with the target's share set. Throws for 0 without a source: nobody would be left. */
export function withTargetShare(shape: RecordShape, share: number): RecordShape {
  if (!shape.source && share === 0) throw new Error("the source's role has ended: nothing can be sent back to it");
  const target = { ...shape.target, weight: share };
  return shape.source ? { ...shape, source: { ...shape.source, weight: 100 - share }, target } : { ...shape, target };
}

/** A drift as people are shown it, with what tells whether it is still the same. */
export function driftOf(
  { recorded }: CutoverState,
  real: PublicRecords,
): { readonly recorded: string; readonly found: string; readonly digest: string } {
  const shown = { recorded: recorded ? describeShape(recorded.shape) : 'no records', found: describeFound(real) };
  return { ...shown, digest: digestOf([shown.recorded, shown.found]) };
}

/** The refusal of what was approved for another drift. */
export function changedSince(real: PublicRecords): string {
  return `the records were changed since people were asked; found now: ${describeFound(real)}. Start another run, which asks again`;
}

/** The records in one line. */
export function describeFound(found: PublicRecords): string {
  if (found.kind === 'none') return 'no records';
  return found.kind === 'other' ? found.description : describeShape(found.stamped.shape);
}

export function describeShape({ source, target, ttlSeconds }: RecordShape): string {
  const side = (name: string, { weight, value, healthCheckId }: RecordTarget): string =>
    `${name} ${weight} (${value}, ${healthCheckId ? `health check ${healthCheckId}` : 'no health check'})`;
  return [...(source ? [side('source', source)] : []), side('target', target), `TTL ${ttlSeconds} s`].join(', ');
}
