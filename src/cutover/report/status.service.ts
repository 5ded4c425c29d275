import { historyLine } from './domain';
import { weightsOf } from '../audit/domain';
import { AuditLog } from '../audit/service';
import { StatusPlan } from '../contract';
import { sharesOf } from '../weights/domain';

/** How a cutover stands, by its audit alone. */
export interface CutoverStatus {
  readonly state: string;
  readonly run?: string;
  /** How many phases are done. */
  readonly phase: number;
  readonly targetPercent: number;
  readonly weights?: Readonly<Record<string, number>>;
  readonly moved: readonly { readonly unit: number; readonly from: string }[];
  /** The last hundred records, each in one line. */
  readonly history: readonly { readonly at: string; readonly what: string; readonly by: string }[];
}

/** For people, at any time. It reads, and nothing else. */
export async function cutoverStatus(
  log: Pick<AuditLog, 'current' | 'history'>,
  { source, target, phases }: StatusPlan,
): Promise<CutoverStatus> {
  const state = await log.current();
  const weights = state.recorded && weightsOf(state.recorded.shape);
  const share = state.recorded ? sharesOf(state.recorded.shape).target : 0;
  return {
    state: state.run ? 'RUNNING' : (state.ended?.state ?? 'NOT_STARTED'),
    run: state.run?.id ?? state.ended?.run,
    phase: phases.filter((one) => one <= share).length,
    targetPercent: share,
    weights: weights && { [source]: weights.source, [target]: weights.target },
    moved: state.moved,
    history: log.history().slice(-100).map(historyLine),
  };
}
