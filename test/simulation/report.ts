import { FaultName, requestFaults, episodes, leavingSteps, loadFigures, provisionalSteps, twinFigures } from './faults';
import { RunOptions, RunResult, runSeed } from './run';
import { replayCommand } from './shrink';
import { LedgerEvent } from '../../src/ledger/model';

/** Figures of many runs. */
export class Figures {
  public seeds = 0;
  public payments = 0;
  public ordered = 0;
  public undecided = 0;
  private readonly counts = new Map<FaultName | LedgerEvent, number>();

  private milliseconds = 0;

  public add(result: RunResult, tookMs: number): void {
    this.seeds += 1;
    this.milliseconds += tookMs;
    this.payments += result.payments;
    this.ordered += result.ordered;
    this.undecided += result.undecided;
    for (const [what, count] of result.counts) this.counts.set(what, (this.counts.get(what) ?? 0) + count);
  }

  public lines(): readonly string[] {
    const seconds = this.milliseconds / 1000;
    const of = (names: readonly (FaultName | LedgerEvent)[]): string =>
      names.map((name) => `${name} ${this.counts.get(name) ?? 0}`).join(', ');
    return [
      `${this.seeds} seeds, ${this.payments} payments in ${seconds.toFixed(1)} s: ` +
        `${Math.round(this.payments / Math.max(seconds, 0.001))} payments a second`,
      `faults of single requests: ${of(requestFaults)}`,
      `faults that last: ${of(episodes)}`,
      `many calls at once on one account: ${of(loadFigures)}`,
      `keys sent with another request: ${of(twinFigures)}; sent again when all was over: ${of(['sentAgainLate'])}`,
      `met by the ledger: ${of(['writeConflict', 'throttle', 'unknownOutcome', 'takeover', 'accountBusy'])}; writes of two regions ` +
        `that overlapped: ${this.counts.get('writeOverlap') ?? 0}`,
      `holds beside their claims: ${of(provisionalSteps)}; calls that the release before could not read: ` +
        `${this.counts.get('refusedByOlder') ?? 0}`,
      `holds that left their accounts: ${of(leavingSteps)}`,
      `homes taken over ${this.counts.get('homeTakeover') ?? 0}, moved as planned ${this.counts.get('homeMoved') ?? 0}; requests ` +
        `that an old name led to the region before: ${this.counts.get('staleName') ?? 0}`,
      `accounts whose operations were put in one order: ${this.ordered}; too long to search: ${this.undecided}`,
    ];
  }
}

const linesAtMost = 400;

/** A failing run as a reader needs it: what broke, all that happened, how to see it again. */
export async function describeFailure(options: RunOptions): Promise<string> {
  const lines: string[] = [];
  const result = await runSeed({ ...options, trace: (line) => lines.push(line) });
  const concerned = result.violations.flatMap(({ payment }) => (payment === undefined ? [] : [payment.replace(/^pay_/, '')]));
  const telling =
    concerned.length === 0 ? lines : lines.filter((line) => concerned.some((id) => line.includes(id)) || line.includes('operator in'));
  const left = telling.length - linesAtMost;
  return [
    `seed ${options.seed}, mode ${options.mode}: ${result.violations.length} violations`,
    ...result.violations.slice(0, 10).map(({ invariant, detail }) => `  ${invariant}: ${detail}`),
    'history (virtual seconds; clients by number, functions as region/number):',
    ...(concerned.length > 0 ? [`  ... of ${lines.length} lines those that name the payment, and what operators did`] : []),
    ...(left > 0 ? [`  ... the first ${left} lines left out`] : []),
    ...telling.slice(-linesAtMost),
    `again: ${replayCommand(options)}`,
  ].join('\n');
}
