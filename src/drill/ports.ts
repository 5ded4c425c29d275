import { DrillKind } from './contract';
import { DrainMark } from '../ledger/drain-mark.domain';

/** A run's own things in the bucket, as JSON or text. */
export interface DrillStore {
  /** Undefined for what is not there. */
  read<T>(key: string): Promise<T | undefined>;
  /** The ID of the version that was written; undefined where the bucket has no versions. */
  write(key: string, text: string, contentType?: string): Promise<string | undefined>;
  /** Writes what only one may write. False: another one has. */
  claim(key: string, text: string): Promise<boolean>;
}

/** The drain switch of the drilled region, and of the others to look at. */
export interface RegionSwitch {
  read(region: string): Promise<DrainMark | undefined>;
  /** The owner's mark as it stands then, the first one where it was set before. Undefined: somebody else has set it. */
  set(region: string, mark: DrainMark): Promise<DrainMark | undefined>;
  /** Takes away the owner's own mark alone. */
  clear(region: string, owner: string): Promise<unknown>;
}

/** Faults that are injected into a region, under a run's own name. */
export interface RegionFaults {
  /** Tells what is wrong; undefined when the experiment runs, with every action of it. */
  begin(run: string): Promise<string | undefined>;
  /** The same of one that runs. */
  problem(run: string): Promise<string | undefined>;
  /** Ends every experiment of a drill that still runs. */
  end(): Promise<void>;
}

/** Tells people. */
export interface DrillTopic {
  tell(subject: string, text: string): Promise<void>;
}

/** An execution of the drill's state machine. */
export interface DrillExecution {
  readonly arn: string;
  readonly status: string;
  readonly startedMs: number;
  readonly kind: DrillKind;
  readonly startedBy: string;
}
