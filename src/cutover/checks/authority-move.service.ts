import { causeOf } from '../../kernel/cause';
import { OperatorResult } from '../../ledger/operator/operate.service';
import { StatusRequest, StatusResult, UnitStatus } from '../../ledger/operator/status.service';
import { CutoverState } from '../audit/domain';
import { AuditLog } from '../audit/service';
import { cutoverLimits, CutoverPlan } from '../contract';
import { AuditDraft, AuditEntry, AuditRecord } from '../model';
import { AuthorityOutcome } from './model';

/** A move of a home, or its end, for a run: who is asked looks up whether it is under way. */
export interface MoveRequest {
  readonly action: 'relocate' | 'abort';
  readonly unit: number;
  readonly run: string;
}

/** What a cutover asks of a region's homes. */
export type HomeRequest = StatusRequest | MoveRequest;

/** The functions of a region that tell of homes and move them. Throws when they do not answer; then it is not known what was done. */
export type OperatePort = (region: string, request: HomeRequest, timeoutMs: number) => Promise<StatusResult | OperatorResult>;

/** A unit that has to change its home; or one that is about to change it, and shall not: then only its move is called off. */
interface UnitMove {
  readonly unit: UnitStatus;
  readonly to: string;
  readonly callOff?: boolean;
}

type AuthorityEntryRecord = AuditRecord & { readonly entry: Extract<AuditEntry, { what: 'authority' }> };

const isOfAuthority = (record: AuditRecord): record is AuthorityEntryRecord => record.entry.what === 'authority';

/**
 * Moves the authority over the ledger's units, one a call: the function that moves homes drains one and proves that nothing is missing.
 * What it has done can be seen, so a call that died is simply made again.
 */
export class AuthorityMove {
  constructor(
    private readonly log: AuditLog,
    private readonly operate: OperatePort,
  ) {}

  /** The regions that units are at home in, as the target knows them. Throws when it does not say. */
  public async homes(plan: CutoverPlan, timeoutMs: number): Promise<readonly string[]> {
    return [...new Set((await this.units(plan.target, timeoutMs)).map(({ home }) => home))];
  }

  /** Moves the next unit that is not at home in the target. */
  public async forward(run: string, plan: CutoverPlan, failures: number, timeoutMs: number): Promise<AuthorityOutcome> {
    const elsewhere = (units: readonly UnitStatus[]): UnitMove[] =>
      units.filter(({ home }) => home !== plan.target).map((unit) => ({ unit, to: plan.target }));
    return this.step(run, plan, plan.target, failures, timeoutMs, elsewhere);
  }

  /** Moves back the next unit that this cutover has moved. Asks the source first: the target may be what is lost. */
  public async back(run: string, plan: CutoverPlan, failures: number, timeoutMs: number): Promise<AuthorityOutcome> {
    const { moved } = await this.log.current();
    if (moved.length === 0) return { outcome: 'moved', units: 0 };
    return this.step(run, plan, plan.source, failures, timeoutMs, (units) =>
      moved.flatMap(({ unit, from }) => {
        const there = units.find((status) => status.unit === unit);
        if (!there) return [];
        if (there.home !== from) return [{ unit: there, to: from }];
        // A worker that was overtaken may still be at it. A home that is stopped without a move is being taken over, by a person.
        return there.move ? [{ unit: there, to: from, callOff: true }] : [];
      }),
    );
  }

  /** Records a move as done whose answer was lost: its unit is where it was to be. How long no region wrote is not known then. */
  public async settle(run: string, units: readonly UnitStatus[]): Promise<void> {
    const newest = new Map<number, AuthorityEntryRecord>();
    for (const record of this.log.history()) if (isOfAuthority(record)) newest.set(record.entry.unit, record);
    for (const { key, entry } of newest.values()) {
      const there = units.find(({ unit }) => unit === entry.unit);
      if (entry.done || there?.home !== entry.to) continue;
      // Not one of another cutover, which counts no longer.
      const counts = (moved: CutoverState['moved']): boolean =>
        moved.some(({ unit, from }) => unit === entry.unit && (from === entry.from || from === entry.to));
      await this.log.append((now) =>
        now.run?.id === run && counts(now.moved)
          ? { key: key.replace(/intent$/, 'done'), by: [run], entry: { ...entry, epoch: there.epoch, done: true } }
          : undefined,
      );
    }
  }

  /** The units as a region knows them. Throws when it does not say. */
  public async units(asked: string, timeoutMs: number): Promise<readonly UnitStatus[]> {
    const status = await this.operate(asked, { action: 'status' }, timeoutMs);
    if (status.kind !== 'status') throw new Error(`the operator of ${asked} answered '${status.kind}' to a question for its status`);
    return status.units;
  }

  private async step(
    run: string,
    plan: CutoverPlan,
    asked: string,
    failures: number,
    timeoutMs: number,
    choose: (units: readonly UnitStatus[]) => readonly UnitMove[],
  ): Promise<AuthorityOutcome> {
    if (plan.mode !== 'HOME_REGION') return { outcome: 'moved', units: 0 };
    try {
      const units = await this.units(asked, timeoutMs);
      await this.settle(run, units);
      const moves = choose(units);
      if (moves.length === 0) return { outcome: 'moved', units: units.length };
      return await this.move(run, moves[0], moves.length, failures, timeoutMs);
    } catch (error) {
      return this.afterFailure(failures, causeOf(error));
    }
  }

  private async move(
    run: string,
    { unit, to, callOff }: UnitMove,
    left: number,
    failures: number,
    timeoutMs: number,
  ): Promise<AuthorityOutcome> {
    if (callOff) {
      await this.operate(to, { action: 'abort', unit: unit.unit, run }, timeoutMs);
      return { outcome: 'again', detail: `the move of unit ${unit.unit} is called off`, failures: failures + 1, waitSeconds: 1 };
    }
    const draft = (key: string, done: boolean, epoch: number, pausedMs?: number): AuditDraft => ({
      key: `${run}/authority/${unit.unit}/${to}/${key}`,
      by: [run],
      entry: { what: 'authority', run, unit: unit.unit, from: unit.home, to, epoch, done, ...(pausedMs === undefined ? {} : { pausedMs }) },
    });
    // Before it is done: a rollback must know of it, however this call ends. A rollback that has begun since the home was asked for would
    // not.
    const state = await this.log.append((now) => (now.run?.id === run ? draft('intent', false, unit.epoch) : undefined));
    if (state.run?.id !== run) return { outcome: 'superseded', detail: `run ${run} has ended: unit ${unit.unit} stays in ${unit.home}` };
    const result = await this.operate(to, { action: 'relocate', unit: unit.unit, run }, timeoutMs);
    if (result.kind !== 'moved') return this.afterFailure(failures, `unit ${unit.unit}: ${describe(result)}`);
    await this.log.append(() => draft('done', true, result.record.epoch, result.pausedMs));
    return left === 1
      ? { outcome: 'moved', units: 1 }
      : { outcome: 'again', detail: `${left - 1} units left`, failures: 0, waitSeconds: 1 };
  }

  private afterFailure(failures: number, detail: string): AuthorityOutcome {
    if (failures + 1 >= cutoverLimits.authorityTries) return { outcome: 'stuck', detail };
    return { outcome: 'again', detail, failures: failures + 1, waitSeconds: cutoverLimits.authorityRetrySeconds };
  }
}

function describe(result: StatusResult | OperatorResult): string {
  if (result.kind === 'aborted' && 'difference' in result) {
    const { missing, older, sample } = result.difference;
    return (
      `not moved: ${missing} items were missing and ${older} older in the new home (${sample.slice(0, 3).join(', ')}); the old ` +
      `home writes again`
    );
  }
  return 'detail' in result ? `${result.kind}: ${result.detail}` : result.kind;
}
