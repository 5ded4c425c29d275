import { SignatureReport } from './audit-signature.domain';
import { CutoverState, Verification, weightsOf } from './audit.domain';
import { AuditEntry, AuditRecord } from './cutover.model';
import { describeShape } from './weights.domain';

/** What was recorded, in one line. */
export function describeEntry(entry: AuditEntry): string {
  switch (entry.what) {
    case 'intent': return `intends '${entry.kind}'${phaseOf(entry.phase)}: ${describeShape(entry.to)}${entry.regions ? `, from ${entry.regions.source} to ${entry.regions.target}` : ''}${entry.from ? ` (was: ${describeShape(entry.from)})` : ''}`;
    case 'changed': return `weights are in force ('${entry.kind}'): source ${entry.weights.source}, target ${entry.weights.target}; intent was record ${entry.intent}`;
    case 'removed': return 'records of the public name removed';
    case 'started': return `run started: ${entry.action} in phases ${entry.phases.join('/')}; reason: ${entry.reason || '-'}${attested(entry.attested)}; plan sha256 ${entry.plan}`;
    case 'prechecks': return `prechecks${phaseOf(entry.phase)} ${entry.passed ? 'passed' : `failed: ${entry.failed.join(', ')}`}; report sha256 ${entry.digest}`;
    case 'decision': return `${entry.decision} ${entry.about}${entry.comments.length > 0 ? `; ${entry.comments.join('; ')}` : ''}${entry.digest ? `; on report sha256 ${entry.digest}` : ''}`;
    case 'drift': return `records are not as recorded: found ${entry.real}; recorded ${entry.recorded}`;
    case 'adopted': return `adopted what was found: ${describeShape(entry.shape)}`;
    case 'unreachable': return `${entry.step}: ${entry.detail}`;
    case 'breach': return `alarm${phaseOf(entry.phase)}: ${entry.alarms.join(', ')}; then ${entry.then}`;
    case 'soaked': return `phase ${entry.phase + 1} was watched for ${entry.seconds} s`;
    case 'authority': {
      const paused = entry.pausedMs === undefined ? '' : `, nobody wrote for ${entry.pausedMs} ms`;
      return `authority over unit ${entry.unit} ${entry.done ? 'moved' : 'is being moved'} from ${entry.from} to ${entry.to}, epoch ${entry.epoch}${paused}`;
    }
    case 'reconciled': return `reconciliation${entry.final ? ', final report' : ''}: ${entry.summary}; sha256 ${entry.digest}`;
    case 'ended': return `run ended ${entry.state}: ${entry.why}`;
    case 'signing': return `signing begins: takes over records 1 to ${entry.after}, of which the last ${entry.before} and has sha256 ${entry.sha256}`;
  }
}

const phaseOf = (phase: number | undefined): string => (phase === undefined ? '' : ` of phase ${phase + 1}`);
const attested = (said: Readonly<Record<string, string>>): string => Object.entries(said).map(([name, text]) => `; attested ${name}: ${text}`).join('');

/** A line for a page or a status. */
export function historyLine({ at, by, entry }: AuditRecord): { readonly at: string; readonly what: string; readonly by: string } {
  return { at, what: describeEntry(entry), by: by.join(', ') };
}

/** Which records verify, one sentence a line. */
function signatureLines({ keyId, verified, former, firstBad }: SignatureReport): string[] {
  if (keyId === undefined) return ['**Signatures were not checked: no key was given.** What the hashes prove, whoever may put parameters could have made.'];
  const runs = verified.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ');
  return [
    verified.length > 0 ? `Signatures: records ${runs} verify with key ${keyId}.` : `Signatures: no record verifies with key ${keyId}.`,
    ...firstBad === undefined ? [] : [`**The first record that does not verify is ${firstBad}.**`],
    ...former ? [`Records 1 to ${former.to} were written before this key signed: the last of them ${former.how}. ${former.takenOverBy === undefined
      ? 'Nobody has taken them over.' : `Record ${former.takenOverBy}, which is signed, takes them over with the hash of their last one.`}`] : [],
  ];
}

/** The whole record for an auditor, in Markdown: what the chain proves, who approved, what changed, then every record. */
export function renderReport(systemName: string, at: string, { records, problems, anchor, signatures }: Verification, state: CutoverState | undefined): string {
  const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\r?\n/g, ' ');
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => (rows.length === 0 ? ['None.'] : [
    `| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
  ]);
  const of = <W extends AuditEntry['what']>(what: W): readonly (AuditRecord & { entry: Extract<AuditEntry, { what: W }> })[] => (
    records.filter(({ entry }) => entry.what === what) as (AuditRecord & { entry: Extract<AuditEntry, { what: W }> })[]);
  const digests = new Map(records.flatMap(({ seq, entry }) => (entry.what === 'prechecks' ? [[entry.digest, seq] as const] : [])));
  return [
    `# Cutover audit of ${systemName}`, '', `Read at ${at}.`, '',
    '## The chain', '',
    problems.length === 0
      ? `Unbroken: ${records.length} records, each with the hash of the one before.`
      : `**BROKEN**, in ${problems.length} places:`,
    ...problems.map(({ seq, problem }) => `- record ${seq} ${problem}`), '',
    ...signatureLines(signatures), '',
    `Last record: ${anchor.seq}, sha256 ${anchor.hash}. Keep this line: a later report that is given it tells whether the end was cut off since.`, '',
    ...state?.recorded ? [`Weights as recorded: source ${weightsOf(state.recorded.shape).source}, target ${weightsOf(state.recorded.shape).target}.`, ''] : [],
    '## Decisions', '',
    ...table(['record', 'when', 'who', 'decision', 'about', 'comments', 'precheck record'], of('decision').map(({ seq, at: when, by, entry }) => [
      String(seq), when, by.join(', ') || 'nobody', entry.decision, entry.about, entry.comments.join('; '), entry.digest ? String(digests.get(entry.digest) ?? 'unknown') : '',
    ])), '',
    '## Weight changes', '',
    ...table(['record', 'when', 'run', 'why', 'source', 'target', 'intent'], of('changed').map(({ seq, at: when, entry }) => [
      String(seq), when, entry.run, entry.kind, String(entry.weights.source), String(entry.weights.target), String(entry.intent),
    ])), '',
    '## All records', '',
    ...table(['record', 'when', 'who', 'what'], records.map(({ seq, at: when, by, entry }) => [String(seq), when, by.join(', '), describeEntry(entry)])), '',
  ].join('\n');
}
