import { AuditLog } from '../audit/service';
import { AuditEntry } from '../model';
import { driftOf, isExplained } from '../weights/domain';
import { RecordsPort } from '../weights/service';

/** Records of the public name that nothing in the audit explains. */
export interface RecordsDrift extends Pick<Extract<AuditEntry, { what: 'drift' }>, 'recorded' | 'real' | 'found'> {
  /** The audit's last record when they were read. */
  readonly seq: number;
  readonly detail: string;
}

/** Reads the records; undefined where the audit explains them. Throws `ControlPlaneUnreachable`. */
export async function recordsDrift(log: Pick<AuditLog, 'current'>, records: Pick<RecordsPort, 'read'>): Promise<RecordsDrift | undefined> {
  for (let before: number | undefined; ;) {
    const standing = await records.read();
    const state = await log.current();
    if (isExplained(state, standing)) return undefined;
    // Read one after the other, the two may belong to different moments: only what is found between two equal states is a drift.
    if (state.seq === before) {
      const { recorded, found: real } = driftOf(state, standing);
      return {
        seq: state.seq,
        recorded,
        real,
        ...(standing.kind === 'ours' ? { found: standing.stamped } : {}),
        detail: `records are not as recorded: found ${real}; recorded ${recorded}`,
      };
    }
    before = state.seq;
  }
}
