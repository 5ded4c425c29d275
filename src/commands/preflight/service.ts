export type { PlannedStack, PreflightPorts, Template } from './model';
import { fail, pass, warn } from './model';
import type {
  Finding,
  Judged,
  OwnedResource,
  Plan,
  PlannedName,
  PlannedRegion,
  PlannedStack,
  PreflightPorts,
  QuotaCode,
  Verdict,
} from './model';
import { planOf } from './plan.domain';
import { isElsewhere, isReadable } from './secrets.domain';
import { tellsAPerson } from './topics.domain';
import { causeOf } from '../../kernel/cause';
import { strongRegions } from '../../kernel/strong-regions';

/** A certificate that ends sooner is told: a renewal that has not come by then does not come by itself. */
const certificateDays = 30;
/** Concurrency that AWS keeps for functions without one of their own: https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html */
const unreservedAtLeast = 100;
/** What an account has by default; new accounts have less: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const usualConcurrency = 1_000;

export interface Preflight {
  readonly findings: readonly Finding[];
  readonly passed: number;
  readonly warned: number;
  readonly failed: number;
}

/** Asks of each region whether the app can be deployed there. It changes nothing. */
export async function preflight(
  stacks: readonly PlannedStack[],
  region: string | undefined,
  ports: PreflightPorts,
): Promise<Preflight | string> {
  const asked = stacks.find((stack) => stack.region !== undefined)?.region ?? region;
  if (asked === undefined) return 'the app leaves the region of its stacks open: set AWS_REGION';
  let account: string;
  try {
    account = await ports.account(asked);
  } catch (error) {
    return `the credentials were refused in ${asked}: ${causeOf(error)}. Set them as for 'cdk deploy', such as by AWS_PROFILE`;
  }
  const plan = planOf(stacks, { account, region });
  const deployed = new Deployed(plan, ports);
  const findings = [
    ...plan.unplaced.map(({ id }) => ({
      region: 'all',
      check: `region of ${id}`,
      ...fail('it is open', 'set AWS_REGION: without it the stack is not looked at'),
    })),
    ...plan.strong.map(offersStrong),
    ...(await Promise.all(plan.regions.map((one) => regionFindings(one, { deployed, account, ports })))).flat(),
    ...(await parity(plan, ports)),
    ...(await accountFindings(plan, ports, deployed)),
  ];
  const count = (verdict: Verdict): number => findings.filter((finding) => finding.verdict === verdict).length;
  return { findings, passed: count('pass'), warned: count('warn'), failed: count('fail') };
}

/** What there is of the app already. Each thing is asked for once, by the first check that needs it. */
class Deployed {
  private readonly resources = new Map<string, Promise<readonly OwnedResource[]>>();
  private readonly taken = new Map<PlannedName, Promise<boolean>>();

  constructor(
    private readonly plan: Plan,
    private readonly ports: PreflightPorts,
  ) {}

  /** What the app's stacks of a region own. */
  public in(region: string): Promise<readonly OwnedResource[]> {
    const stacks = this.plan.regions.find((one) => one.region === region)?.stacks ?? [];
    return this.once(this.resources, region, async () =>
      (await Promise.all(stacks.map(({ name }) => this.ports.stackResources(region, name)))).flat(),
    );
  }

  /** Names in a region that something has already, whose ever it is. */
  public async takenIn(region: string): Promise<readonly PlannedName[]> {
    const names = this.plan.names.filter((name) => name.region === region);
    const taken = await Promise.all(names.map((name) => this.once(this.taken, name, () => this.ports.exists(name))));
    return names.filter((_, index) => taken[index]);
  }

  private once<Key, Value>(kept: Map<Key, Promise<Value>>, key: Key, ask: () => Promise<Value>): Promise<Value> {
    const answer = kept.get(key) ?? ask();
    kept.set(key, answer);
    return answer;
  }
}

/** With what the checks of a region work. */
interface RegionChecks {
  readonly deployed: Deployed;
  readonly account: string;
  readonly ports: PreflightPorts;
}

/** A check that AWS does not answer says so: what is not known has not passed. */
async function judged(region: string, check: string, ask: () => Promise<Judged>): Promise<Finding> {
  try {
    return { region, check, ...(await ask()) };
  } catch (error) {
    return { region, check, ...warn(`it could not be asked: ${causeOf(error)}`, 'allow the call, or check it by hand') };
  }
}

function offersStrong(region: string): Finding {
  const check = 'strong consistency is offered';
  const { asOf, names } = strongRegions;
  if ((names as readonly string[]).includes(region)) return { region, check, ...pass(`by the list of ${asOf}`) };
  return { region, check, ...warn(`it is not in the list of ${asOf}`, 'look into the AWS documentation, or choose another region') };
}

async function regionFindings(planned: PlannedRegion, checks: RegionChecks): Promise<readonly Finding[]> {
  const { region, stacks } = planned;
  const { deployed, account, ports } = checks;
  const enabled = await judged(region, 'enabled', async () => isEnabled(await ports.regionStatus(region)));
  // In a region that is off, every other call is refused for that alone.
  if (enabled.verdict === 'fail') return [enabled];
  const one = (check: string, ask: () => Promise<Judged>): Promise<Finding> => judged(region, check, ask);
  const findings = [
    ...stacks.map((stack) => one(`account of ${stack.id}`, () => Promise.resolve(isAccount(stack, account)))),
    one('bootstrapped', () => isBootstrapped(planned, account, ports)),
    ...stacks.map((stack) => one(`stack ${stack.name}`, async () => isReady(stack, await ports.stackStatus(region, stack.name)))),
    one('names are free or ours', () => hasItsNames(planned, deployed)),
    one('quota of functions', () => hasConcurrency(planned, checks)),
    one('quota of tables', async () => {
      const there = (await deployed.takenIn(region)).filter(({ kind }) => kind === 'table').length;
      return hasRoom(await ports.tableCount(region), planned.tables - there, await ports.quota(region, 'dynamodb L-F98FE922'), 'tables');
    }),
    ...planned.secrets.map((secret) => {
      const { name, region: of } = secret;
      return one(`secret ${name}${of === region ? '' : ` in ${of}`}`, async () =>
        secret.account === account ? isReadable(of, name, await ports.secret(of, name)) : isElsewhere(secret.account),
      );
    }),
    ...planned.parameters.map((name) => one(`parameter ${name}`, async () => isParameter(name, await ports.parameter(region, name)))),
    ...(planned.alarms === 0 ? [] : [one('alarms have an action', () => Promise.resolve(isHeard(planned)))]),
    ...planned.topics.map((topic) =>
      one(`topic ${topic.arn.split(':').at(-1)}`, async () => tellsAPerson(region, topic, await ports.topic(region, topic.arn))),
    ),
    one('quota of rules', async () => hasRoom(0, planned.rules, await ports.quota(region, 'events L-244521F2'), 'rules of one bus')),
  ];
  return [enabled, ...(await Promise.all(findings))];
}

function isEnabled(status: string): Judged {
  if (status === 'ENABLED' || status === 'ENABLED_BY_DEFAULT') return pass(status);
  if (status === 'ENABLING') return fail(status, 'wait until it is enabled: that takes minutes to hours');
  return fail(status, "enable it: 'aws account enable-region --region-name REGION'");
}

/** AWS's own parameters stand in each region that offers what they name, such as the extension of AWS FIS. */
function isParameter(name: string, value: string | undefined): Judged {
  if (value !== undefined) return pass('it is there');
  const isOfAws = name.startsWith('/aws/service/');
  return fail(
    'it does not exist',
    isOfAws
      ? 'AWS does not offer there what it names: leave out the construct that reads it'
      : "make it before the first deployment, or name another one by 'cdk deploy --parameters'",
  );
}

function isHeard({ alarms, silentAlarms }: PlannedRegion): Judged {
  if (silentAlarms === 0) return pass(`${alarms} alarms, each with an action`);
  return warn(
    `${silentAlarms} of ${alarms} alarms have no action`,
    'give each construct a topic (alarms.actions, alarmActions), and subscribe to it',
  );
}

function isAccount(stack: PlannedStack, account: string): Judged {
  if (stack.account === undefined) return pass(`${account}, of the credentials`);
  if (stack.account === account) return pass(account);
  return fail(`the app says ${stack.account}, the credentials are of ${account}`, 'use the credentials of the account that the app names');
}

async function isBootstrapped({ region, stacks }: PlannedRegion, account: string, ports: PreflightPorts): Promise<Judged> {
  const wanted = stacks.flatMap(({ bootstrap }) => (bootstrap ? [bootstrap] : []));
  if (wanted.length === 0) return pass('not needed');
  const version = Math.max(...wanted.map((one) => one.version));
  const fix = `run 'npx cdk bootstrap aws://${account}/${region}'`;
  const text = await ports.parameter(region, wanted[0].parameter);
  if (text === undefined) return fail(`${wanted[0].parameter} is not there`, fix);
  const is = Number(text);
  return is >= version ? pass(`version ${text}, at least ${version} is needed`) : fail(`version ${text}, ${version} is needed`, fix);
}

function isReady({ name }: PlannedStack, status: string | undefined): Judged {
  if (status === undefined || status === 'DELETE_COMPLETE' || status === 'REVIEW_IN_PROGRESS') return pass('new');
  if (status === 'ROLLBACK_COMPLETE') {
    return fail(
      `${status}: its first deployment failed`,
      `look at its events, then delete it: 'aws cloudformation delete-stack --stack-name ${name}'`,
    );
  }
  if (status.endsWith('_FAILED')) return fail(status, `look at the events of ${name}, and continue or roll back its update`);
  if (status.endsWith('_IN_PROGRESS')) return fail(status, 'wait for the deployment that is under way');
  return pass(status);
}

/** Data outlives its stack. A new stack cannot take over a name, and CloudFormation finds out in the middle of a deployment. */
async function hasItsNames({ region, names }: PlannedRegion, deployed: Deployed): Promise<Judged> {
  const taken = await deployed.takenIn(region);
  if (taken.length === 0) return pass(`${names} names`);
  const owned = await Promise.all(taken.map(async ({ owner, name }) => (await deployed.in(owner)).some(({ id }) => id === name)));
  const foreign = taken.filter((_, index) => !owned[index]);
  if (foreign.length === 0) return pass(`${names} names, ${taken.length} in use by this app`);
  return fail(
    `there is already ${foreign.map(({ kind, name }) => `a ${kind} ${name}`).join(', ')}`,
    "give the system another name, import the resource into its stack, or delete it with 'npx cdk-multi-region-payments remove'",
  );
}

async function hasConcurrency(planned: PlannedRegion, { deployed, ports }: RegionChecks): Promise<Judged> {
  const { region, functions, reservedConcurrency } = planned;
  if (functions === 0) return pass('no functions');
  const [quota, unreserved] = await Promise.all([ports.quota(region, 'lambda L-B99A9384'), ports.unreservedConcurrency(region)]);
  const isDeployed = (await deployed.in(region)).some(({ type }) => type === 'AWS::Lambda::Function');
  // What the app has reserved already is no part of what is unreserved, and need not be there a second time.
  const needed = isDeployed || reservedConcurrency === 0 ? 0 : reservedConcurrency + unreservedAtLeast;
  const detail = `${quota} at once, ${unreserved} of them unreserved; ${functions} functions, with ${reservedConcurrency} reserved`;
  const fix = "ask for more: 'aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384'";
  if (unreserved < needed) return fail(`${detail}: ${unreservedAtLeast} must be left unreserved`, fix);
  return quota < usualConcurrency ? warn(`${detail}: a new account's quota, less than the usual ${usualConcurrency}`, fix) : pass(detail);
}

function hasRoom(used: number, more: number, quota: number, what: string): Judged {
  const detail = `${used === 0 ? '' : `${used} in use, `}${more} more ${what} of this app, ${quota} allowed`;
  return used + more <= quota ? pass(detail) : fail(detail, 'ask Service Quotas for more, or remove what is not needed');
}

const compared: readonly (readonly [string, QuotaCode, (region: PlannedRegion) => boolean])[] = [
  ['functions at once', 'lambda L-B99A9384', ({ functions }) => functions > 0],
  ['requests a second to APIs', 'apigateway L-8A5B8E43', ({ apis }) => apis > 0],
];

/** The region that is left takes all traffic: a smaller quota there is found in the worst hour. */
async function parity(plan: Plan, ports: PreflightPorts): Promise<readonly Finding[]> {
  const findings = compared.map(async ([what, code, counts]): Promise<readonly Finding[]> => {
    const regions = plan.regions.filter(counts).map(({ region }) => region);
    if (regions.length < 2) return [];
    return [
      await judged('all', `${what} are on a par`, async () => {
        const quotas = await Promise.all(regions.map((region) => ports.quota(region, code)));
        const detail = regions.map((region, index) => `${region} ${quotas[index]}`).join(', ');
        const least = regions[quotas.indexOf(Math.min(...quotas))];
        return new Set(quotas).size === 1 ? pass(detail) : warn(detail, `raise the quota of ${least}: it may have to take all traffic`);
      }),
    ];
  });
  return (await Promise.all(findings)).flat();
}

async function accountFindings(plan: Plan, ports: PreflightPorts, deployed: Deployed): Promise<readonly Finding[]> {
  const findings = [
    ...(plan.healthChecks === 0
      ? []
      : [
          judged('all', 'quota of health checks', async () => {
            const { used, limit } = await ports.healthChecks();
            const owned = (await Promise.all(plan.regions.map(({ region }) => deployed.in(region)))).flat();
            const there = owned.filter(({ type }) => type === 'AWS::Route53::HealthCheck').length;
            return hasRoom(used, Math.max(0, plan.healthChecks - there), limit, 'health checks');
          }),
        ]),
    ...plan.zones.map((id) => judged('all', `hosted zone ${id}`, () => isDelegated(id, ports))),
    ...plan.certificates.map(({ arn, region, of }) => judged(region, `certificate of the ${of}`, () => isUsable(arn, region, ports))),
  ];
  return Promise.all(findings);
}

async function isDelegated(id: string, ports: PreflightPorts): Promise<Judged> {
  const zone = await ports.zone(id);
  if (!zone) return fail('it does not exist in this account', 'give the ID of a hosted zone of this account');
  if (zone.isPrivate) return warn(`${zone.name} is private`, 'callers outside of its networks do not find the API');
  const delegated = (await ports.delegatedTo(zone.name)).map(plainName).sort();
  const own = zone.nameServers.map(plainName).sort();
  if (delegated.join() === own.join()) return pass(`${zone.name} is delegated to it`);
  const is = delegated.length === 0 ? 'is delegated to no name server' : `is delegated to ${delegated.join(', ')}`;
  return fail(`${zone.name} ${is}`, `set its name servers at its parent or registrar: ${own.join(', ')}`);
}

const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');

async function isUsable(arn: string, region: string, ports: PreflightPorts): Promise<Judged> {
  const of = arn.split(':')[3];
  if (of !== region) return fail(`it is in ${of}`, `make one in ${region}: AWS takes no other there`);
  const certificate = await ports.certificate(arn);
  if (!certificate) return fail(`${arn} does not exist`, `make one in ${region}`);
  if (certificate.status !== 'ISSUED') return fail(certificate.status, 'prove the domain by the record that ACM shows');
  if (certificate.notAfter === undefined) return pass('ISSUED');
  const days = Math.floor((certificate.notAfter.getTime() - ports.nowMs()) / 86_400_000);
  const detail = `ISSUED, valid for ${days} days`;
  return days < certificateDays ? warn(detail, "check why ACM does not renew it: its domain's record may be gone") : pass(detail);
}

const worstFirst: readonly Verdict[] = ['fail', 'warn', 'pass'];

/** The table: what fails, what is a warning, what passed. */
export function preflightText({ findings, passed, warned, failed }: Preflight): readonly string[] {
  const sorted = worstFirst.flatMap((verdict) => findings.filter((finding) => finding.verdict === verdict));
  const lines = sorted.map(({ region, check, verdict, detail, fix }) => {
    const line = `${verdict.padEnd(4)} ${region.padEnd(14)} ${check}: ${detail}`;
    return fix === undefined ? line : `${line}\n     ${fix}`;
  });
  return [...lines, `${passed} passed, ${warned} warned, ${failed} failed`];
}
