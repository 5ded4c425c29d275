import { CostRequest, Estimate, estimate, Lever, leversOf, monthHours, Service, services } from './domain';
import { prices, pricesAsOf } from './prices.domain';
import { accountLoad, CostMode, DrillWay, Usage, usage, usualUsage } from './usage.domain';
import { grouped } from '../../kernel/grouped';
import { markdownTable } from '../../kernel/markup';

/** As they are given at the command line. */
export interface CostOptions {
  readonly tps: string;
  readonly regions: string;
  readonly mode: string;
  readonly captureShare: string;
  readonly replayShare: string;
  readonly accountDay: string;
  readonly consumers: string;
  readonly canaries: string;
  readonly canaryInterval: string;
  readonly drills: string;
  readonly drillKind: string;
  readonly writeWait?: string;
}

/** The same system at one or more rates. */
export interface CostQuestion {
  readonly requests: readonly [CostRequest, ...CostRequest[]];
  readonly usage: Usage;
}

export interface CostAnswer {
  readonly pricesAsOf: string;
  readonly hoursOfMonth: number;
  readonly estimates: readonly (Estimate & { readonly request: CostRequest; readonly levers: readonly Lever[] })[];
  /** Prices that were used and are not confirmed. */
  readonly unconfirmed: readonly { readonly region: string; readonly unit: string; readonly dollars: number; readonly source: string }[];
  readonly assumed: readonly { readonly value: number; readonly unit: string; readonly source: string }[];
}

const modes: readonly CostMode[] = ['strong', 'home-region'];
const drillWays: readonly DrillWay[] = ['drain', 'fault'];
const largestTps = 1_000_000;

function numberIn(name: string, text: string, least: number, most: number, whole = false): number | string {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  return `--${name} ${text}: give ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}`;
}

/** Reads what a person gave; a text says what is wrong with it. */
export function costQuestion(options: CostOptions): CostQuestion | string {
  const regions = options.regions.split(',');
  const unknown = regions.find((region, index) => !Object.hasOwn(prices, region) || regions.indexOf(region) !== index);
  const known = Object.keys(prices).join(', ');
  if (unknown !== undefined) return `--regions ${options.regions}: ${unknown} has no prices here, or is given twice; there are ${known}`;
  const mode = modes.find((one) => one === options.mode);
  if (mode === undefined) return `--mode ${options.mode}: give ${modes.join(' or ')}`;
  if (!Object.hasOwn(accountLoad[mode], options.accountDay)) {
    return `--account-day ${options.accountDay}: give ${Object.keys(accountLoad[mode]).join(', ')}, the rates that were measured`;
  }
  const drillKind = drillWays.find((one) => one === options.drillKind);
  if (drillKind === undefined) return `--drill-kind ${options.drillKind}: give ${drillWays.join(' or ')}`;
  if (drillKind === 'fault' && mode === 'home-region') return '--drill-kind fault: RegionFault takes a ledger in STRONG alone; give drain';
  const rates = options.tps.split(',').map((text) => numberIn('tps', text, 0.001, largestTps));
  const numbers = {
    captureShare: numberIn('capture-share', options.captureShare, 0, 1),
    replayShare: numberIn('replay-share', options.replayShare, 0, 10),
    consumers: numberIn('consumers', options.consumers, 0, 100, true),
    canaries: numberIn('canaries', options.canaries, 0, 100, true),
    canaryMinutes: numberIn('canary-interval', options.canaryInterval, 1, 60),
    drills: numberIn('drills', options.drills, 0, 365),
    writeWait: options.writeWait === undefined ? usualUsage.strongWait : numberIn('write-wait', options.writeWait, 0, 1000),
  };
  const wrong = [...rates, ...Object.values(numbers)].find((value) => typeof value === 'string');
  if (typeof wrong === 'string') return wrong;
  const { writeWait, ...others } = numbers as Record<keyof typeof numbers, number>;
  const [first, ...more] = (rates as number[]).map((tps): CostRequest => ({
    ...{ tps, regions, mode, drillKind, ...others },
    accountDay: Number(options.accountDay),
    consumerRegions: regions.length,
    isProvisioned: false,
  }));
  return { requests: [first, ...more], usage: { ...usualUsage, strongWait: writeWait } };
}

export function answerCost({ requests, usage: taken }: CostQuestion): CostAnswer {
  const estimates = requests.map((request) => ({ request, ...estimate(request, taken), levers: leversOf(request, taken).slice(0, 3) }));
  const used = new Map(estimates.flatMap((one) => one.used).map((one) => [`${one.region} ${one.name}`, one]));
  return {
    pricesAsOf,
    hoursOfMonth: monthHours,
    estimates,
    unconfirmed: [...used.values()]
      .filter(({ price }) => !price.isConfirmed)
      .map(({ region, price: { unit, tiers, source } }) => ({ region, unit, dollars: tiers[0].dollars, source })),
    assumed: Object.entries(usage)
      .filter(([, { kind }]) => kind === 'assumed')
      .map(([name, { unit, source }]) => ({ value: taken[name as keyof Usage], unit, source })),
  };
}

/** `12,345` or, below 100, `12.34`. */
export function dollarsText(amount: number): string {
  return amount < 100 ? amount.toFixed(2) : grouped(Math.round(amount));
}

const rateText = (tps: number): string => `${Number.isInteger(tps) ? grouped(tps) : tps} a second`;

const priceText = (dollars: number): string => (dollars < 0.0001 ? `${Number((dollars * 1e6).toPrecision(6))} a million` : String(dollars));

/** At the largest rate, which is where they count. */
function leversText({ estimates }: CostAnswer): string {
  const { request, levers, total } = estimates.reduce((most, one) => (one.total > most.total ? one : most));
  return [
    `The largest levers at ${rateText(request.tps)}, each by itself:`,
    ...levers.map(({ what, saves }) => `- ${what}: ${dollarsText(saves)} a month, ${((100 * saves) / total).toFixed(0)} %`),
  ].join('\n');
}

/** The answer as text: tables that Markdown reads too. */
export function costText(answer: CostAnswer): string {
  const [first] = answer.estimates;
  const { regions, mode, captureShare, replayShare, accountDay, consumers, canaries, canaryMinutes, drills, drillKind } = first.request;
  const table = (title: string, value: (one: Estimate, service: Service) => number, total: (one: Estimate) => number): string =>
    markdownTable(
      [title, ...answer.estimates.map(({ request }) => rateText(request.tps))],
      [
        ...services.map((service) => [service, ...answer.estimates.map((one) => dollarsText(value(one, service)))]),
        ['sum', ...answer.estimates.map((one) => dollarsText(total(one)))],
      ],
      ['left', ...answer.estimates.map(() => 'right' as const)],
    ).toString();
  const storage = ({ costs }: Estimate): string => dollarsText(12 * costs["DynamoDB: storage of one month's payments"]);
  return [
    `Prices as of ${answer.pricesAsOf}, in US dollars, before tax, free tiers and discounts. A month has ${answer.hoursOfMonth} hours.`,
    `${mode} in ${regions.join(', ')}. Captured: ${captureShare} of the payments. Replayed: ${replayShare}. ` +
      `${accountDay} payments a day on each account. ${consumers} consumer(s) in each region. ` +
      `${canaries} canaries in each region, every ${canaryMinutes} minutes. ${drills} drills of each region a year, by ${drillKind}.`,
    table(
      'dollars a month',
      (one, service) => one.costs[service],
      (one) => one.total,
    ),
    table(
      'dollars per million payments',
      (one, service) => one.perMillion[service],
      (one) => one.totalPerMillion,
    ),
    `Payments are kept. After 12 months their storage costs ${answer.estimates.map(storage).join('; ')} a month.`,
    leversText(answer),
    answer.unconfirmed.length === 0
      ? 'All prices are confirmed.'
      : [
          'Prices that are not confirmed:',
          ...answer.unconfirmed.map(({ region, unit, dollars, source }) => `- ${region}, ${unit}: ${priceText(dollars)} (${source})`),
        ].join('\n'),
    ['What is assumed:', ...answer.assumed.map(({ value, unit, source }) => `- ${value} ${unit} (${source})`)].join('\n'),
  ].join('\n\n');
}
