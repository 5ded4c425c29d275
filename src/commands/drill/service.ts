import { drillName, type DrillKind } from '../../drill/contract';
import { allowedText } from '../../drill/domain';
import type { DrillResult } from '../../drill/model';

/** An execution of the drill's state machine, as Step Functions tells of it. */
export interface DrillRun {
  readonly status: string;
  /** JSON of the result: of a passed drill its output, of a failed one the cause of its failure. */
  readonly output?: string;
  readonly cause?: string;
}

export interface DrillCommandPorts {
  /** Executions that run now, by their ARN; undefined: there is no such state machine. */
  running(name: string): Promise<readonly string[] | undefined>;
  /** Resolves with the ARN of the execution. */
  start(name: string, input: string): Promise<string>;
  stop(arn: string, cause: string): Promise<void>;
  run(arn: string): Promise<DrillRun>;
  /** Names of the states that it has entered, in order. */
  states(arn: string): Promise<readonly string[]>;
  /** Who asks, as AWS knows the credentials. */
  caller(): Promise<string>;
  say(line: string): void;
  sleep(ms: number): Promise<void>;
}

export interface HandDrill {
  readonly systemName: string;
  /** Region that is drilled. */
  readonly region: string;
  /** Region of the state machine. */
  readonly from: string;
  readonly kind: DrillKind;
}

export type DrillOutcome =
  | { readonly outcome: 'ended'; readonly arn: string; readonly status: string; readonly result?: DrillResult }
  | { readonly outcome: 'refused'; readonly why: string }
  | { readonly outcome: 'aborted'; readonly arns: readonly string[] };

const pollMs = 3_000;
/** Beyond the longest run of the state machine. */
const mostPolls = 1_200;
const isOver = (status: string): boolean => status !== 'RUNNING' && status !== 'PENDING_REDRIVE';

/** Starts a drill and tells of its steps until it is over. */
export async function drill(request: HandDrill, ports: DrillCommandPorts): Promise<DrillOutcome> {
  const name = drillName(request.systemName, request.region);
  const running = await ports.running(name);
  if (!running) return { outcome: 'refused', why: missing(name, request) };
  if (running.length > 0) {
    return { outcome: 'refused', why: `a drill of ${request.region} runs: ${running[0]}. Wait for it, or end it with --abort` };
  }
  const arn = await ports.start(name, JSON.stringify({ startedBy: await ports.caller(), kind: request.kind }));
  ports.say(`started ${arn}`);
  const shown = new Set<string>();
  for (let polls = 0; polls < mostPolls; polls += 1) {
    const run = await ports.run(arn);
    for (const state of await ports.states(arn)) {
      if (!shown.has(state) && !state.includes(':')) ports.say(state);
      shown.add(state);
    }
    if (isOver(run.status)) return { outcome: 'ended', arn, status: run.status, result: resultIn(run) };
    await ports.sleep(pollMs);
  }
  return { outcome: 'refused', why: `the drill ${arn} has not ended within an hour: look at its execution` };
}

/** Ends every drill of the region that runs; the watchdog puts the region back within a minute or two. */
export async function abortDrill(request: HandDrill, ports: DrillCommandPorts): Promise<DrillOutcome> {
  const name = drillName(request.systemName, request.region);
  const running = await ports.running(name);
  if (!running) return { outcome: 'refused', why: missing(name, request) };
  if (running.length === 0) return { outcome: 'refused', why: `no drill of ${request.region} runs` };
  const by = await ports.caller();
  for (const arn of running) await ports.stop(arn, `ended by ${by}`);
  return { outcome: 'aborted', arns: running };
}

const missing = (name: string, { from }: HandDrill): string =>
  `${from} has no state machine ${name}: give the region of the drill's stack as --from, and the drilled one as --region`;

/** What the drill itself came to; undefined where it was ended from outside. */
function resultIn({ output, cause }: DrillRun): DrillResult | undefined {
  try {
    const value = JSON.parse(output ?? cause ?? '') as Partial<DrillResult> | null;
    return value?.state === undefined || value.reasons === undefined ? undefined : (value as DrillResult);
  } catch {
    return undefined;
  }
}

/** The last lines: the figures, why it was not passed, where the evidence is. */
export function drillText(done: Extract<DrillOutcome, { outcome: 'ended' }>): readonly string[] {
  const { result, status, arn } = done;
  if (!result) {
    return [`the drill ended ${status} before its verdict: the watchdog has put the region back, and keeps the evidence (${arn})`];
  }
  const { state, region, kind, recoverySeconds, budgetSeconds, lost, duplicates, split, reasons, evidence } = result;
  const share = (shares: Readonly<Record<string, number>> = {}): string =>
    Object.entries(shares)
      .map(([name, percent]) => `${name} ${percent} %`)
      .join(', ');
  return [
    ...(recoverySeconds === undefined ? [] : [`recovery: ${recoverySeconds} s, ${allowedText({ budgetSeconds }, { kind })}`]),
    ...(lost === undefined ? [] : [`payments lost: ${lost}, debited twice: ${duplicates ?? 0}`]),
    ...(split ? [`split before: ${share(split.before)}; during: ${share(split.during)}; after: ${share(split.after)}`] : []),
    ...reasons.map((reason) => `not passed: ${reason}`),
    ...(evidence ? [evidenceLine(evidence)] : []),
    `${state}: ${kind} of ${region}`,
  ];
}

function evidenceLine({ bucket, html: { key, versionId, sha256 } }: NonNullable<DrillResult['evidence']>): string {
  return `evidence: s3://${bucket}/${key}${versionId === undefined ? '' : `, version ${versionId}`}, SHA-256 ${sha256}`;
}
