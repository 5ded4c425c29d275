import { CutoverState, samePair } from '../audit/domain';
import { RecordShape, RecordTarget, RegionPair, StampedShape } from '../model';
import { describeShape, PublicRecords, regionsAt, sameShape, sharesOf } from './domain';

/** What a deployment says of the records: their regions, their TTL, and the target's share where there are none yet. */
export interface DeployedRecords extends RegionPair {
  readonly ttlSeconds: number;
  readonly initialTarget: number;
}

/** Where the two regions are. */
export type Addresses = { readonly [side in keyof RegionPair]: Omit<RecordTarget, 'weight'> };

/** Records with their weights, as a deployment has them otherwise. */
function shapePointing({ ttlSeconds }: DeployedRecords, at: Addresses, { source, target }: RecordShape): RecordShape {
  return {
    ttlSeconds,
    // Without it the source's role has ended: a deployment does not bring it back.
    ...(source ? { source: { ...at.source, weight: source.weight } } : {}),
    target: { ...at.target, weight: target.weight },
  };
}

/**
 * Whether all that may stand there, recorded or on its way, is what a deployment wants, whatever its weights: then there is nothing to
 * deploy. Without addresses it counts wherever it points.
 */
export function isDeployed(wish: DeployedRecords, at: Addresses | undefined, state: CutoverState): boolean {
  if (!state.recorded) return false;
  const known: StampedShape[] = [state.recorded, ...state.open.map(({ seq, to }) => ({ stamp: seq, shape: to }))];
  return known.every((stamped) => {
    const { shape } = stamped;
    const { source, target } = regionsAt(state, { kind: 'ours', stamped, raw: undefined }) ?? wish;
    if (target !== wish.target || (shape.source && source !== wish.source)) return false;
    return sameShape(shapePointing(wish, at ?? { source: shape.source ?? shape.target, target: shape.target }, shape), shape);
  });
}

/**
 * The records that a deployment makes of what stands there; a text says why it makes none. No traffic moves by it: the same two regions
 * keep their weights, and with others a new cutover begins in the region that has everything.
 */
export function deployedShape(wish: DeployedRecords, at: Addresses, found: PublicRecords, state: CutoverState): RecordShape | string {
  const { ttlSeconds, initialTarget } = wish;
  const shapeWith = (share: number): RecordShape => ({
    ttlSeconds,
    source: { ...at.source, weight: 100 - share },
    target: { ...at.target, weight: share },
  });
  const is = found.kind === 'ours' ? found.stamped.shape : state.recorded?.shape;
  if (!is) return shapeWith(initialTarget);
  // Of records that another audit knows, only the addresses tell whose they are.
  const [was, wanted] = state.recorded
    ? [regionsAt(state, found) ?? wish, wish]
    : [addressesOf(is), { source: at.source.value, target: at.target.value }];
  if (was.target === wanted.target && (!is.source || was.source === wanted.source)) return shapePointing(wish, at, is);
  if (state.run) return refusal(was, wanted, `run ${state.run.id} is under way`);
  const earlier = pairsBefore(state).find(({ regions }) => samePair(regions, wanted));
  if (earlier) return shapePointing(wish, at, earlier.shape);
  const { source, target } = sharesOf(is);
  const whole = !is.source || target === 100 ? was.target : source === 100 ? was.source : undefined;
  return whole === wanted.source ? shapeWith(0) : refusal(was, wanted, describeShape(is));
}

/** What a failed deployment may be taken back to. */
function pairsBefore({ recorded, regions, left }: CutoverState): { readonly regions: RegionPair; readonly shape: RecordShape }[] {
  return [...(recorded && regions ? [{ regions, shape: recorded.shape }] : []), ...(left ? [left] : [])];
}

function addressesOf({ source, target }: RecordShape): RegionPair {
  return { source: source?.value ?? '', target: target.value };
}

function refusal(was: RegionPair, wanted: RegionPair, why: string): string {
  return (
    `the records are those of ${was.source || 'no source'} and ${was.target}, this deployment names ${wanted.source} and ` +
    `${wanted.target}, and ${why}: a deployment moves no traffic. ` +
    'Deploy the former source and target again and end that cutover, at 100 or, rolled back, at 0 percent; then name the region ' +
    'that has everything as the source'
  );
}
