import { CheckLine, CheckLines } from './check-lines.service';
import { crowd } from './crowd.service';
import { DrainFinding, DrainPlan, DrainSwitch, DrainTrial } from './drain.service';
import { ConsumerRecord, eventsArrive } from './events.service';
import { everyday } from './everyday.service';
import { auditOfRun } from './ledger-view.service';
import type { PaymentsCaller, ScenarioSetting } from './model';
import { checkRefusals } from './refused.service';
import { asError, causeOf } from '../kernel/cause';
import { eachOf } from '../kernel/each-of';

export interface VerifyRequest {
  readonly api: string;
  readonly regions: readonly { readonly name: string; readonly url: string }[];
  /** Unique to this run. */
  readonly run: string;
}

export interface VerificationPorts {
  readonly client: PaymentsCaller;
  readonly token: () => Promise<string>;
  /** The switch is looked for before anything is done; throws where there is none. */
  readonly drain?: Omit<DrainPlan, 'sleep' | 'nowMs' | 'ended' | 'drainSwitch'> & { readonly find: () => Promise<DrainSwitch> };
  /** A consumer's record is looked for before anything is done; throws where there is none. */
  readonly events?: () => Promise<ConsumerRecord>;
  readonly nowMs: () => number;
  /** Is not ended with the run. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Why the run was ended; undefined while it goes on. */
  readonly endedBy: () => string | undefined;
}

/** What a run leaves as evidence. */
export interface Verification {
  readonly api: string;
  readonly regions: readonly { readonly name: string; readonly url: string }[];
  readonly run: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly passed: number;
  readonly failed: number;
  readonly checks: readonly CheckLine[];
  readonly notes: readonly Omit<CheckLine, 'ok'>[];
  readonly drain?: DrainFinding & { readonly region: string };
}

/** Enough to meet in both regions, little enough for a system in use. */
const crowdOf = (regions: number) => ({ keys: 20, copies: 2 * regions, accounts: 3, hotKeys: 5 });
/** In HOME_REGION copies lag behind. */
const copyPatienceMs = 60_000;

/** Tries a deployed system by the contract of its API; leaves accounts of its own behind, and nothing else. */
export async function verify(ports: VerificationPorts, request: VerifyRequest, lines: CheckLines): Promise<Verification> {
  const startedMs = ports.nowMs();
  const { api, regions, run } = request;
  const setting: ScenarioSetting = {
    client: ports.client,
    figures: lines,
    regions: regions.map(({ name }) => name),
    accounts: new Map(),
    accepted: new Map(),
    run,
    token: ports.token,
  };
  let drain: DrainFinding | undefined;
  try {
    if (await reached(setting)) {
      const parts = await partsOf(setting, ports);
      if (parts) drain = await scenario(setting, ports, parts);
    }
  } catch (error) {
    const by = ports.endedBy();
    const why = by ?? causeOf(error);
    lines.check('the scenario ran to its end', false, by === undefined ? why : `ended by ${by}`);
  }
  return {
    api,
    regions,
    run,
    startedAt: new Date(startedMs).toISOString(),
    endedAt: new Date(ports.nowMs()).toISOString(),
    passed: lines.passed,
    failed: lines.failed,
    checks: lines.checks,
    notes: lines.notes,
    ...(drain && ports.drain ? { drain: { region: ports.drain.region, ...drain } } : {}),
  };
}

const notBegun = 'the scenario was not begun';

/** Whether everything answers, by its own name; without that the rest would say the same thing fifty times. */
async function reached(setting: ScenarioSetting): Promise<boolean> {
  const { client, figures, regions, run, token } = setting;
  figures.heading('reach');
  let good = true;
  const say = (name: string, ok: boolean, figure: string, note = ''): void => {
    good = good && ok;
    figures.check(name, ok, figure, ok ? note : [note, notBegun].filter(Boolean).join('; '));
  };
  const got = await token().catch(asError);
  if (got instanceof Error) {
    say('the token command gives a token', false, got.message);
    return false;
  }
  say('the token command gives a token', true, `${got.length} characters`);
  for (const region of regions) {
    const answer = await client.once({ path: '/health', region }).catch((error: Error) => error);
    if (answer instanceof Error) {
      say(`${region} answers`, false, `no answer: ${causeOf(answer)}`);
    } else if (answer.body.region !== region) {
      say(`${region} answers`, false, `${answer.status} by ${answer.body.region ?? 'nobody we know'}`, 'its address leads elsewhere');
    } else {
      say(`${region} answers`, true, `${answer.status} ${answer.body.status}`, `${answer.ms.toFixed(0)} ms`);
    }
  }
  const name = await client.once({ path: '/health' }).catch((error: Error) => error);
  if (name instanceof Error) {
    say('the public name answers', false, `no answer: ${causeOf(name)}`);
  } else {
    say('the public name answers', regions.includes(name.body.region ?? ''), `${name.status} by ${name.body.region ?? 'nobody we know'}`);
  }
  if (!good) return false;
  const asked = await client.once({ path: `/api/v1/accounts/${run}-nobody` });
  say('the token is accepted', asked.status === 404, asked.status === 404 ? 'yes' : `${asked.status} ${asked.body.code ?? ''}`);
  return good;
}

/** What parts of the scenario need besides the API. */
interface ScenarioParts {
  readonly drainSwitch?: DrainSwitch;
  readonly record?: ConsumerRecord;
}

/** Undefined where one is not there. */
async function partsOf({ figures }: ScenarioSetting, { drain, events }: VerificationPorts): Promise<ScenarioParts | undefined> {
  const lookFor = async <T extends { readonly place: string }>(name: string, find?: () => Promise<T>): Promise<T | undefined | false> => {
    if (!find) return undefined;
    const part = await find().catch(asError);
    if (part instanceof Error) {
      figures.check(name, false, part.message, notBegun);
      return false;
    }
    figures.check(name, true, part.place);
    return part;
  };
  const drainSwitch = await lookFor('the switch that drains a region is found', drain?.find);
  const record = await lookFor('the record of the consumer is found', events);
  return drainSwitch === false || record === false ? undefined : { drainSwitch, record };
}

async function scenario(
  setting: ScenarioSetting,
  ports: VerificationPorts,
  { drainSwitch, record }: ScenarioParts,
): Promise<DrainFinding | undefined> {
  await everyday(setting);
  await checkRefusals(setting);
  await crowd(setting, crowdOf(setting.regions.length));
  await knownElsewhere(setting);
  let drained: DrainFinding | undefined;
  if (ports.drain && drainSwitch) {
    const { nowMs, sleep, drain } = ports;
    drained = await new DrainTrial(setting, { ...drain, drainSwitch, nowMs, sleep, ended: () => ports.endedBy() !== undefined }).run();
  }
  if (ports.endedBy() !== undefined) throw new Error('ended');
  if (record) await eventsArrive(setting, record);
  await conclude(setting);
  return drained;
}

/** Each region answers for what the others accepted. */
async function knownElsewhere({ client, figures, regions, accepted }: ScenarioSetting): Promise<void> {
  figures.heading('each region answers for the others');
  for (const region of regions) {
    const others = [...accepted];
    const deadlineMs = client.nowMs() + copyPatienceMs;
    const known = await eachOf(others, 4, async ([paymentId]) => {
      while (client.nowMs() < deadlineMs) {
        const { status, body } = await client.call({ path: `/api/v1/payments/${paymentId}`, region });
        if (status === 200 && body.paymentId === paymentId) return true;
        await client.sleep(500);
      }
      return false;
    });
    const count = known.filter(Boolean).length;
    const elsewhere = others.filter(([, taker]) => taker !== region).length;
    figures.check(
      `${region} answers for every payment`,
      count === others.length,
      `${count} of ${others.length}`,
      `${elsewhere} accepted elsewhere`,
    );
  }
}

/** Everything that the run did, once more, from every region. */
async function conclude(setting: ScenarioSetting): Promise<void> {
  const { figures, regions, accounts, accepted } = setting;
  figures.heading('in the end');
  const { wrong, mostDebits, lost, perRegion } = await auditOfRun(setting);
  figures.note('payments accepted per region', perRegion);
  figures.check('payments lost', lost.length === 0, lost.length, `of ${accepted.size}`);
  figures.check('debits per key, at most', mostDebits === 1, mostDebits);
  figures.check(
    'balances equal the sum of their lines',
    wrong.length === 0,
    `${accounts.size} accounts in ${regions.length} regions, ${wrong.length} wrong`,
    wrong[0],
  );
}
