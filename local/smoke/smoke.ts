import { randomBytes } from 'node:crypto';
import { crowd } from './crowd';
import { eventsOnce, hasMesh, traces } from './events';
import { Figures } from './figures';
import { homes } from './homes';
import { MemoryWatch } from './memory';
import { hasCutover, migration } from './migration';
import { pace } from './pace';
import { plannedMove } from './planned-move';
import { regionLoss } from './region-loss';
import type { Setting } from './setting';
import { withUnrest } from './unrest';
import { everyday } from '../../src/scenario/everyday.service';
import { auditOfRun } from '../../src/scenario/ledger-view.service';
import type { AccountLine as Line } from '../../src/scenario/model';
import { checkRefusals } from '../../src/scenario/refused.service';
import { Client } from '../callers/client';
import type { SmokeRun } from '../ground/model';

/** What the whole run may take, proportional set size. */
const memoryLimitGb = 2.5;

/** A forwarded call is two functions and a way between continents: as many as before would take minutes. */
const homeCrowd = { keys: 120, copies: 5, accounts: 9, hotKeys: 40 };

/** Runs the scripted scenario and prints one line per figure. Resolves to whether every figure is as promised. */
export async function runSmoke(run: SmokeRun): Promise<boolean> {
  const figures = new Figures(run.print ?? ((line) => process.stdout.write(`${line}\n`)));
  const memory = run.processIds && new MemoryWatch(run.processIds);
  const started = Date.now();
  try {
    const setting = await settingOf(run, figures);
    const mesh = await hasMesh(setting.client);
    const cutover = await hasCutover(setting.client);
    if (cutover) await migration(setting);
    else await usual(setting, mesh);
    const lines = await conclude(setting);
    if (mesh) await eventsOnce(setting, lines, cutover);
  } catch (error) {
    figures.check('the scenario ran to its end', false, (error as Error).message);
  } finally {
    memory?.stop();
  }
  if (memory?.peakBytes !== undefined) {
    figures.check(
      'memory of the whole run, at most',
      memory.peakBytes < memoryLimitGb * 1024 ** 3,
      `${(memory.peakBytes / 1024 ** 3).toFixed(2)} GB`,
      `proportional set size; limit ${memoryLimitGb} GB`,
    );
  }
  figures.summary((Date.now() - started) / 1000);
  return figures.allPassed;
}

/** What any app on these constructs is tried with. */
async function usual(setting: Setting, mesh: boolean): Promise<void> {
  const { client, figures, regions } = setting;
  await everyday(setting);
  await checkRefusals(setting);
  await pace(setting);
  const drops = await withUnrest(client, mesh ? regions : [], () => crowd(setting, setting.operate ? homeCrowd : undefined));
  if (mesh) figures.note('meanwhile the links lagged, and were dropped', `${drops} times`);
  if (setting.operate) {
    await homes(setting);
    await plannedMove(setting);
  }
  if (regions.length > 1) await regionLoss(setting);
  if (mesh) await traces(setting);
}

async function settingOf(run: SmokeRun, figures: Figures): Promise<Setting> {
  const anonymous = new Client(run.url, '');
  const name = `s${randomBytes(4).toString('hex')}`;
  const token = await anonymous.once({ path: `/_local/token?tenant=${name}` });
  if (token.status !== 200) throw new Error(`no token: ${token.status} ${token.text.slice(0, 200)}`);
  const { body } = await anonymous.once({ path: '/_local/status' });
  const regions = (body.regions as { name: string }[]).map((region) => region.name);
  const recoveryBudget = (region: string): string | undefined => recoveryBudgetOf(run.stacks ?? [], region);
  const client = new Client(run.url, token.text);
  const shared = { client, figures, regions, accounts: new Map(), accepted: new Map(), run: name, token: async () => token.text };
  return { ...shared, operate: run.operate, recoveryBudget };
}

/** What the API of a region has put into its stack's output `RecoveryBudget`, without the target that it ends with. */
export function recoveryBudgetOf(stacks: NonNullable<SmokeRun['stacks']>, region: string): string | undefined {
  const outputs = stacks.filter((stack) => stack.region === region).flatMap((stack) => Object.entries(stack.outputs));
  return outputs.find(([key]) => /RecoveryBudget[0-9A-F]{8}$/.test(key))?.[1].split(' (target ')[0];
}

/** Everything that the run did, once more, from every region. */
async function conclude(setting: Setting): Promise<readonly Line[]> {
  const { figures, regions, accounts, accepted } = setting;
  figures.heading('in the end');
  const { wrong, lines, mostDebits, lost, perRegion } = await auditOfRun(setting);
  figures.note('payments accepted per region, in all', perRegion);
  figures.check('payments lost', lost.length === 0, lost.length, `of ${accepted.size}`);
  figures.check('debit count per key', mostDebits === 1, `max ${mostDebits}`);
  figures.check(
    'balances checked',
    wrong.length === 0,
    `${accounts.size} accounts in ${regions.length} regions, ${wrong.length} wrong`,
    wrong[0],
  );
  return lines;
}
