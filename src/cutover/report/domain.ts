import { plainSeconds, plainTime, readCheck } from '../../approvals/report-shape.domain';
import { lines, Markdown, markdown, markdownTable } from '../../kernel/markup';
import { CutoverState, ChainVerification, weightsOf } from '../audit/domain';
import { SignatureReport } from '../audit/signature.domain';
import { AuditEntry, AuditRecord, ClosingStep, RecordShape } from '../model';
import { describeShape } from '../weights/domain';

type ChecksEntry = Extract<AuditEntry, { what: 'prechecks' }>;

/** What was recorded: first what happened, then what proves it or says more. */
interface EntryText {
  readonly what: string;
  readonly more?: readonly (string | undefined | false)[];
}

function entryText(entry: AuditEntry): EntryText {
  switch (entry.what) {
    case 'intent':
      return {
        what: [
          `intends '${entry.kind}'${phaseOf(entry.phase)}: ${sharesText(entry.to)}`,
          entry.from ? ` (was: ${sharesText(entry.from)})` : '',
          entry.regions ? `, from ${entry.regions.source} to ${entry.regions.target}` : '',
        ].join(''),
        more: [`records: ${describeShape(entry.to)}`, entry.from && `were: ${describeShape(entry.from)}`],
      };
    case 'changed':
      return {
        what: `weights are in force ('${entry.kind}'): source ${entry.weights.source}, target ${entry.weights.target}`,
        more: [`intent was record ${entry.intent}`],
      };
    case 'removed':
      return { what: 'records of the public name removed' };
    case 'started':
      return {
        what: `run started: ${entry.action} in phases ${entry.phases.join('/')}; reason: ${entry.reason || '-'}`,
        more: [...attestationTexts(entry.attested), `plan sha256 ${entry.plan}`],
      };
    case 'prechecks':
      return {
        what: `prechecks${before(entry)} ${entry.passed ? 'passed' : `failed: ${entry.failed.join(', ')}`}`,
        more: [`report sha256 ${entry.digest}`],
      };
    case 'decision':
      return {
        what: [`${entry.decision} ${entry.about}`, ...entry.comments].join('; '),
        more: [entry.digest !== undefined && `on report sha256 ${entry.digest}`],
      };
    case 'drift':
      return { what: 'records are not as recorded', more: [`found ${entry.real}`, `recorded ${entry.recorded}`] };
    case 'adopted':
      return { what: `adopted what was found: ${sharesText(entry.shape)}`, more: [describeShape(entry.shape)] };
    case 'unreachable':
      return { what: `${entry.step}: ${entry.detail}` };
    case 'breach':
      return { what: `alarm${phaseOf(entry.phase)}: ${entry.alarms.join(', ')}; then ${entry.then}` };
    case 'soaked':
      return { what: `phase ${entry.phase + 1} was watched for ${plainSeconds(entry.seconds)}` };
    case 'authority': {
      const paused = entry.pausedMs === undefined ? '' : `, no region wrote for ${plainSeconds(entry.pausedMs / 1000)}`;
      return {
        what: `authority over unit ${entry.unit} ${entry.done ? 'moved' : 'is being moved'} from ${entry.from} to ${entry.to}${paused}`,
        more: [`epoch ${entry.epoch}`],
      };
    }
    case 'reconciled':
      return { what: `reconciliation${entry.final ? ', final report' : ''}: ${entry.summary}`, more: [`sha256 ${entry.digest}`] };
    case 'ended':
      return { what: `run ended ${entry.state}: ${entry.why}` };
    case 'signing':
      return {
        what: `signing begins: takes over records 1 to ${entry.after}`,
        more: [`the last of them ${entry.before}`, `it has sha256 ${entry.sha256}`],
      };
  }
}

/** What was recorded, in one line. */
export function describeEntry(entry: AuditEntry): string {
  const { what, more } = entryText(entry);
  return [what, ...restOf(more)].join('; ');
}

const restOf = (more: EntryText['more']): string[] => (more ?? []).filter((text) => typeof text === 'string');

const phaseOf = (phase: number | undefined): string => (phase === undefined ? '' : ` of phase ${phase + 1}`);
const closing: Readonly<Record<ClosingStep, string>> = { authority: 'the move of the authority', retire: "the source's end" };
const before = ({ phase, before: step }: ChecksEntry): string => (step ? ` before ${closing[step]}` : phaseOf(phase));
const headOf = ({ phase, before: step }: ChecksEntry): string => (step ? `Before ${closing[step]}` : `Phase ${phase + 1}`);
const attestationTexts = (texts: Readonly<Record<string, string>>): string[] =>
  Object.entries(texts).map(([name, text]) => `attested ${name}: ${text}`);
const sharesText = (shape: RecordShape): string => `source ${weightsOf(shape).source}, target ${weightsOf(shape).target}`;

/** A line for a page or a status: what matters, and besides what proves it. */
export function historyLine({ at, by, entry }: AuditRecord): {
  readonly at: string;
  readonly what: string;
  readonly by: string;
  readonly more?: string;
} {
  const { what, more } = entryText(entry);
  const rest = restOf(more).join('; ');
  return { at, what, by: by.join(', '), ...(rest === '' ? {} : { more: rest }) };
}

const unsigned = 'Without signatures, every principal that may put parameters could have made these records.';

/** Which records verify, one sentence a line. */
function signatureLines({ keyId, verified, former, firstBad }: SignatureReport): Markdown[] {
  if (keyId === undefined) {
    return [markdown`**Signatures were not checked: no key was given.** ${unsigned}`];
  }
  const runs = verified.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ');
  const over =
    former?.takenOverBy === undefined
      ? markdown`No signed record has taken them over.`
      : markdown`Record ${former.takenOverBy}, which is signed, takes them over with the hash of their last one.`;
  return [
    verified.length > 0
      ? markdown`Signatures: records ${runs} verify with key ${keyId}.`
      : markdown`Signatures: no record verifies with key ${keyId}.`,
    ...(firstBad === undefined ? [] : [markdown`**The first record that does not verify is ${firstBad}.**`]),
    ...(former ? [markdown`Records 1 to ${former.to} were written before this key signed: the last of them ${former.how}. ${over}`] : []),
  ];
}

/** Checks as a record holds them. */
export function recordedChecks(entry: ChecksEntry): ReturnType<typeof readCheck>[] {
  return entry.checks.map(readCheck);
}

/** Checks before phases, as approvers saw them: failing ones first. A record holds them shortened. */
function checksOf(records: readonly AuditRecord[]): Markdown[] {
  return records.flatMap(({ seq, at, entry }) =>
    entry.what !== 'prechecks'
      ? []
      : [
          markdown`### ${headOf(entry)}, record ${seq}, ${plainTime(at)}: ${entry.passed ? 'passed' : 'failed'}`,
          markdown``,
          markdownTable(
            ['check', 'found', 'allowed', 'passed'],
            recordedChecks(entry).map(({ name, found, allowed, passed }) => [
              name,
              found,
              allowed,
              passed === undefined ? '' : passed ? 'yes' : 'NO',
            ]),
          ),
          markdown``,
        ],
  );
}

const keepThis = 'Keep this line: a later report that is given it tells whether the end was cut off since.';
const blank = markdown``;

/** What the chain proves, and where it ends. */
function chainLines({ records, problems, anchor, signatures }: ChainVerification, state: CutoverState | undefined): Markdown[] {
  const weights = state?.recorded && weightsOf(state.recorded.shape);
  return [
    markdown`## The chain`,
    blank,
    problems.length === 0
      ? markdown`Unbroken: ${records.length} records, each with the hash of the one before.`
      : markdown`**BROKEN**, in ${problems.length} places:`,
    ...problems.map(({ seq, problem }) => (seq === undefined ? markdown`- ${problem}` : markdown`- record ${seq} ${problem}`)),
    blank,
    ...signatureLines(signatures),
    blank,
    markdown`Last record: ${anchor.seq}, sha256 ${anchor.hash}. ${keepThis}`,
    blank,
    ...(weights ? [markdown`Weights as recorded: source ${weights.source}, target ${weights.target}.`, blank] : []),
  ];
}

/** The whole record for an auditor, in Markdown: what the chain proves, who approved, what changed, then every record. */
export function renderReport(
  systemName: string,
  at: string,
  { records, problems, anchor, signatures }: ChainVerification,
  state: CutoverState | undefined,
): string {
  const of = <W extends AuditEntry['what']>(what: W): readonly (AuditRecord & { entry: Extract<AuditEntry, { what: W }> })[] =>
    records.filter(({ entry }) => entry.what === what) as (AuditRecord & { entry: Extract<AuditEntry, { what: W }> })[];
  const digests = new Map(records.flatMap(({ seq, entry }) => (entry.what === 'prechecks' ? [[entry.digest, seq] as const] : [])));
  const checks = checksOf(records);
  return lines('markdown', [
    markdown`# Cutover audit of ${systemName}`,
    blank,
    markdown`Read at ${at}.`,
    blank,
    ...chainLines({ records, problems, anchor, signatures }, state),
    markdown`## Decisions`,
    blank,
    markdownTable(
      ['record', 'when', 'who', 'decision', 'about', 'comments', 'precheck record'],
      of('decision').map(({ seq, at: when, by, entry }) => [
        String(seq),
        when,
        by.join(', ') || 'nobody',
        entry.decision,
        entry.about,
        entry.comments.join('; '),
        entry.digest ? String(digests.get(entry.digest) ?? 'unknown') : '',
      ]),
    ),
    blank,
    markdown`## Weight changes`,
    blank,
    markdownTable(
      ['record', 'when', 'run', 'why', 'source', 'target', 'intent'],
      of('changed').map(({ seq, at: when, entry }) => [
        String(seq),
        when,
        entry.run,
        entry.kind,
        String(entry.weights.source),
        String(entry.weights.target),
        String(entry.intent),
      ]),
    ),
    blank,
    markdown`## Checks`,
    blank,
    ...(checks.length > 0 ? checks : [markdown`None.`, blank]),
    markdown`## All records`,
    blank,
    markdownTable(
      ['record', 'when', 'who', 'what'],
      records.map(({ seq, at: when, by, entry }) => [String(seq), when, by.join(', '), describeEntry(entry)]),
    ),
    blank,
  ]).toString();
}
