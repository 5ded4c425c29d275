import { DrillKind } from './contract';
import { ExperimentRecord, FaultTemplate } from './fault/model';
import { DrainMark } from '../ledger/model';

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

/** Experiments that take the drilled region away, under a run's own name. */
export interface RegionFaults {
  /** IDs of the templates that stand for the region: one, where it is deployed as it should be. */
  templates(): Promise<readonly string[]>;
  template(id: string): Promise<FaultTemplate>;
  /** Why the safety lever, which stops and forbids every experiment of the account in the region, is engaged; undefined: it is not. */
  engaged(): Promise<string | undefined>;
  /** Starts the run's experiment, and the same one when it is asked again; a text says why none was started. */
  begin(run: string): Promise<ExperimentRecord | string>;
  look(id: string): Promise<ExperimentRecord>;
  /** Those of drills that are not over, of whichever run. */
  running(): Promise<readonly ExperimentRecord[]>;
  /** A region of the system that another experiment than the run's takes away, also one that a person has started; undefined: none. */
  runningBeside(run: string): Promise<string | undefined>;
  /** Ends one; one that is over is left as it is. */
  stop(id: string): Promise<void>;
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
