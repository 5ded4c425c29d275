import { Approvers } from './approvers';
import { CallersOnTheMove, type MovedPayment } from './callers-on-the-move';
import { documentsBackfilled } from './documents';
import { homeOf } from './homes';
import type { Setting } from './setting';
import { percentile, sameAnswer } from '../../src/scenario/figures.domain';
import type { Client } from '../callers/client';
import type { AuditLine } from '../cutover/audit';
import type { CutoverView } from '../cutover/model';
import type { AlarmStatus } from '../ground/model';

/** The pause that callers may see while the accounts change their home. */
const longestPauseMs = 5_000;
/** Looked at around the move, for payments that began before or ended after it. */
const aroundMs = 6_000;
const linkFollowers = 10;
const mostRuns = 6;

/** Who starts, and who decides. */
interface People {
  readonly starter: string;
  readonly approver: string;
}

/** Whether the app has a cutover. */
export async function hasCutover(client: Client): Promise<boolean> {
  return (await client.once({ path: '/_local/cutover' })).status === 200;
}

/** A whole cutover, while callers pay, send twice, and some of them never ask DNS again. */
export async function migration(setting: Setting): Promise<void> {
  const { figures, client } = setting;
  const approvers = new Approvers(client);
  const before = await approvers.view();
  const [starter, approver, third] = before.approvers;
  figures.heading(`a whole cutover from ${before.source} to ${before.target}, under load`);
  const unsigned = await client.as('').once({ method: 'POST', path: '/_local/cutover', body: {} });
  figures.check(
    'without a token nothing starts',
    unsigned.status === 401 && (await approvers.view()).state === before.state,
    unsigned.status,
  );
  await documentsBackfilled(setting, before.source, before.target);
  const callers = new CallersOnTheMove(setting);
  await callers.start();
  await approvers.calm();
  const started = Date.now();
  const start = await approvers.start(starter);
  const twice = await approvers.start(third);
  figures.check('started, and a second start refused', start.status === 202 && twice.status === 409, `${start.status}, ${twice.status}`);
  let asked = 0;
  const approve = (): Promise<CutoverView> =>
    approvers.approveAll(approver, async (approvalId) => {
      if (asked === 0) await decisions(setting, approvers, approvalId, { starter, approver });
      asked += 1;
    });
  let end = await approve();
  // A machine that is busy with other things breaks a check now and then; as the runbook says, another run goes on from there.
  for (let runs = 1; end.state !== 'SUCCEEDED' && runs < mostRuns; runs += 1) {
    figures.note(`run ${runs} ended ${end.state}`, end.why?.slice(0, 200), await raised(client));
    await approvers.calm();
    await approvers.start(starter);
    end = await approve();
  }
  const tookMs = Date.now() - started;
  await callers.stop();
  reportEnd(setting, end, asked, tookMs);
  const records = (await client.once({ path: '/_local/audit' })).body as AuditLine[];
  await reportCallers(setting, callers, records, end);
  await reportAudit(setting, records, { starter, approver }, end);
}

async function raised(client: Client): Promise<string> {
  const { alarms } = (await client.once({ path: '/_local/status' })).body as { alarms: readonly AlarmStatus[] };
  return (
    alarms
      .filter(({ state }) => state === 'ALARM')
      .map(({ name, region, reason }) => `${region}/${name}: ${reason}`)
      .join('; ')
      .slice(0, 300) || 'no alarm is raised'
  );
}

/** What decides nothing: looking, and everybody but the approvers. */
async function decisions(
  { client, figures }: Setting,
  approvers: Approvers,
  approvalId: string,
  { starter, approver }: People,
): Promise<void> {
  const path = `/approvals/${approvalId}`;
  const looks = await Promise.all(
    Array.from({ length: linkFollowers }, () => client.as('').once({ path, headers: { Accept: 'text/html' } })),
  );
  const still = (await approvers.view()).openApproval?.approvalId === approvalId;
  figures.check(
    `${linkFollowers} who follow the link decide nothing`,
    still && looks.every(({ status }) => status === 200),
    looks.filter(({ status }) => status === 200).length,
    'pages shown',
  );
  const token = await approvers.token(approver);
  const answers = {
    starter: (await approvers.decide(starter, approvalId, 'approve')).status,
    stranger: (await approvers.decide('mallory@example.com', approvalId, 'approve')).status,
    nobody: (await client.once({ path, body: { decision: 'approve' }, token: 'x.y.z' })).status,
    forged: (await client.once({ path, body: { decision: 'approve' }, token: `${token.slice(0, -6)}AAAAAA` })).status,
    caller: (await client.once({ path, body: { decision: 'approve' } })).status,
    'another word': (await approvers.decide(approver, approvalId, 'perhaps')).status,
    'another ID': (await approvers.decide(approver, 'A'.repeat(22), 'approve')).status,
  };
  const expected = { starter: 403, stranger: 403, nobody: 401, forged: 401, caller: 401, 'another word': 400, 'another ID': 404 };
  const open = (await approvers.view()).openApproval?.approvalId === approvalId;
  figures.check(
    'refused: who may not, what cannot be',
    open && JSON.stringify(answers) === JSON.stringify(expected),
    Object.entries(answers)
      .map(([who, status]) => `${who} ${status}`)
      .join(', '),
  );
  const mails = (await approvers.mail()).filter(({ links }) => links.some((link) => link.endsWith(approvalId)));
  figures.check(
    'mail with a link, to the approvers',
    mails.length > 0 && mails[0].to.length >= 2 && mails[0].to.includes(approver),
    mails[0]?.to.join(', '),
    mails[0]?.subject,
  );
}

function reportEnd({ figures, operate }: Setting, end: CutoverView, asked: number, tookMs: number): void {
  figures.check('ended', end.state === 'SUCCEEDED', end.state, end.why);
  figures.check('approvals', asked >= end.phases.length, asked);
  figures.note('time of the whole', `${(tookMs / 1000).toFixed(0)} s`);
  figures.check(
    'weights in the end',
    end.weights[end.target] > 0 && (end.weights[end.source] ?? 0) === 0,
    Object.entries(end.weights)
      .map(([region, weight]) => `${region} ${weight}`)
      .join(', '),
  );
  // With a strongly consistent ledger every region writes, and none is home.
  if (operate) figures.check('home of the accounts', end.home === end.target, end.home);
}

async function reportCallers(setting: Setting, callers: CallersOnTheMove, records: readonly AuditLine[], end: CutoverView): Promise<void> {
  const { figures, client, accounts } = setting;
  const { paid, problems } = callers;
  figures.check('payments that were never answered', problems.length === 0, problems.length, problems[0]);
  figures.note('payments', paid.length, `${paid.filter(({ copies }) => copies.length > 0).length} of them sent twice at once`);
  const differing = paid.filter(({ answer, copies }) => copies.some((copy) => !sameAnswer(copy, answer)));
  figures.check('copies that were answered otherwise', differing.length === 0, differing.length, differing[0]?.key);
  figures.note('entered the target, by phase', sharesByPhase(paid, records, end));
  reportStale(setting, callers, records, end);
  if (setting.operate) reportPause(setting, paid, records);
  const { replayed, differ } = await callers.replay(client);
  figures.check('replays after the move, same answer', differ.length === 0, `${replayed - differ.length} of ${replayed}`, differ[0]);
  if (!setting.operate) return;
  const [account] = [...accounts.keys()].filter((name) => name.includes('moving'));
  const homes = await Promise.all(setting.regions.map((region) => homeOf(client, account, region)));
  figures.check(
    'every region knows the new home',
    homes.every((home) => home === end.target),
    homes.join(', '),
  );
}

/** Of those who ask DNS, who went where while a phase was in force. */
function sharesByPhase(paid: readonly MovedPayment[], records: readonly AuditLine[], { target }: CutoverView): string {
  const changes = records.flatMap(({ entry, at }) =>
    entry.what === 'changed' ? [{ at: Date.parse(at), share: entry.weights.target }] : [],
  );
  return changes
    .flatMap(({ at, share }, index) => {
      const until = changes[index + 1]?.at ?? Infinity;
      const during = paid.filter(({ begunAt, caller }) => !caller.stale && begunAt >= at && begunAt < until);
      const entered = during.filter(({ answer }) => answer.headers['x-served-by-region'] === target).length;
      return during.length === 0 ? [] : [`${share} %: ${entered} of ${during.length}`];
    })
    .join(', ');
}

/** They enter the source to the end, and are answered as everybody else. */
function reportStale(
  { figures, operate }: Setting,
  { paid, callers }: CallersOnTheMove,
  records: readonly AuditLine[],
  { source }: CutoverView,
): void {
  const moves = records.filter(({ entry }) =>
    operate ? entry.what === 'authority' && entry.done : entry.what === 'changed' && entry.weights.target === 100,
  );
  const moved = moves.map(({ at }) => Date.parse(at))[0] ?? Infinity;
  const stale = callers.filter((caller) => caller.stale).length;
  const late = paid.filter(({ caller, begunAt }) => caller.stale && begunAt > moved);
  const there = late.filter(({ answer }) => answer.headers['x-served-by-region'] === source);
  figures.check('callers with stale DNS', stale / callers.length >= 0.08, `${stale} of ${callers.length}`);
  figures.check(
    'their payments after the move, answered by way of the source',
    late.length > 0 && there.length === late.length,
    `${there.length} of ${late.length}`,
  );
}

/** What callers saw while the accounts changed their home. */
function reportPause({ figures }: Setting, paid: readonly MovedPayment[], records: readonly AuditLine[]): void {
  const times = records.filter(({ entry }) => entry.what === 'authority').map(({ at }) => Date.parse(at));
  const [from, to] = [Math.min(...times) - aroundMs, Math.max(...times) + aroundMs];
  const during = paid.filter(({ begunAt, answeredAt }) => answeredAt >= from && begunAt <= to);
  const waits = during.map(({ begunAt, answeredAt }) => answeredAt - begunAt);
  const longest = Math.max(0, ...waits);
  const usual = percentile(
    paid.map(({ begunAt, answeredAt }) => answeredAt - begunAt),
    0.5,
  );
  const known = times.length >= 2 && during.length > 0;
  figures.check(
    'pause while the accounts changed their home',
    known && longest - usual < longestPauseMs,
    known ? `${(Math.max(0, longest - usual) / 1000).toFixed(1)} s` : 'not measured',
    `the longest that any of ${waits.length} payments waited, retries included, ${(longest / 1000).toFixed(1)} s, without what one ` +
      `usually takes, ${usual} ms`,
  );
  figures.note(
    'the move itself, as recorded',
    times.length < 2 ? 'none' : `${((Math.max(...times) - Math.min(...times)) / 1000).toFixed(1)} s`,
  );
}

async function reportAudit(
  { client, figures }: Setting,
  records: readonly AuditLine[],
  { starter, approver }: People,
  end: CutoverView,
): Promise<void> {
  const of = (what: string): readonly AuditLine[] => records.filter((record) => record.what === what);
  const changes = records.flatMap(({ entry }) => (entry.what === 'changed' ? [entry.weights.target] : []));
  const expected = [0, ...end.phases.map(({ targetPercent }) => targetPercent)];
  figures.check(
    'audit: who started it',
    of('started').some(({ by }) => by.includes(starter)),
    of('started')
      .map(({ by }) => by.join(', '))
      .join('; '),
  );
  figures.check(
    'audit: every approval names its approver',
    of('decision').length >= end.phases.length && of('decision').every(({ by }) => by.join() === approver),
    `${of('decision').length} by ${[...new Set(of('decision').flatMap(({ by }) => by))].join(', ')}`,
  );
  figures.check(
    'audit: every change of weights',
    expected.every((share) => changes.includes(share)),
    changes.join(', '),
  );
  const { text: report } = await client.once({ path: '/_local/audit?format=report' });
  figures.check('audit: chain', report.includes('Unbroken:'), /Unbroken: (\d+ records)/.exec(report)?.[1] ?? 'broken');
  const final = of('reconciled').at(-1);
  figures.check(
    'reconciliation, final report',
    final?.entry.what === 'reconciled' && final.entry.final && final.entry.unexplained === 0,
    final?.says.slice(0, 160),
  );
}
