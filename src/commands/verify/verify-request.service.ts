import { isRegionName } from '../../kernel/region';
import { isLoopback, systemProblem } from '../options.service';

/** The options as they were given. */
export interface VerifyOptions {
  readonly api: string;
  readonly region: readonly string[];
  readonly drain?: string;
  readonly budget: string;
  readonly system?: string;
  readonly consumer?: string;
  readonly tenant?: string;
  readonly endpointUrl: readonly string[];
}

export interface VerifyTarget {
  readonly api: string;
  readonly regions: readonly { readonly name: string; readonly url: string }[];
  readonly drain?: string;
  readonly budgetSeconds: number;
  readonly systemName?: string;
  /** Whose record of events is looked at. */
  readonly consumer?: { readonly name: string; readonly tenant: string; readonly systemName: string };
  /** Endpoints of AWS's services that differ from AWS's own, by region. */
  readonly endpoints: ReadonlyMap<string, string>;
  /** The public name is a local run's front door: a client says there where it stands. */
  readonly isLocal: boolean;
}

/** Reads the options; a text says what is wrong with them. */
export function verifyTarget(options: VerifyOptions): VerifyTarget | string {
  const { api, region, drain, budget, system, endpointUrl } = options;
  const name = address(api);
  if (name === undefined) {
    return `--api ${shown(api)}: give the address of the public name, such as https://pay.example.com, without a user or a query`;
  }
  const regions: { name: string; url: string }[] = [];
  for (const given of region) {
    const pair = named(given);
    if (pair === undefined) {
      return `--region ${shown(given)}: give REGION=URL, such as us-east-1=https://abc123.execute-api.us-east-1.amazonaws.com/live`;
    }
    if (regions.some((one) => one.name === pair.name)) return `--region ${pair.name}: it is given twice`;
    regions.push(pair);
  }
  if (regions.length < 2) return '--region: give at least two regions, each with its own address';
  if (drain !== undefined && !regions.some((one) => one.name === drain)) {
    return `--drain ${shown(drain)}: name one of the regions given with --region`;
  }
  if (!/^[0-9]{1,4}$/.test(budget) || Number(budget) === 0) return `--budget ${shown(budget)}: give seconds, a whole number from 1 to 9999`;
  const wrong = system === undefined ? undefined : systemProblem(shown(system));
  if (wrong !== undefined) return wrong;
  const consumer = consumerOf(options);
  if (typeof consumer === 'string') return consumer;
  const endpoints = endpointsOf(regions, endpointUrl);
  if (typeof endpoints === 'string') return endpoints;
  return { api: name, regions, drain, budgetSeconds: Number(budget), systemName: system, consumer, endpoints, isLocal: isLoopback(name) };
}

function consumerOf({ consumer: name, tenant, system }: VerifyOptions): VerifyTarget['consumer'] | string {
  if (name === undefined) return tenant === undefined ? undefined : '--tenant: it is for --consumer, which is not given';
  if (!/^[a-z][a-z0-9-]{0,28}[a-z0-9]$/.test(name)) {
    return `--consumer ${shown(name)}: give the name of an IdempotentConsumer, such as recorder`;
  }
  if (system === undefined) return '--consumer: give the system too, with --system';
  if (tenant === undefined || tenant === '') return '--consumer: give the tenant of the token too, with --tenant';
  return { name, tenant, systemName: system };
}

/** Each REGION=URL; a region whose address is a local run's has its services at the same front door. */
function endpointsOf(regions: readonly { name: string; url: string }[], given: readonly string[]): Map<string, string> | string {
  const endpoints = new Map<string, string>();
  for (const { name, url } of regions) {
    const { origin, pathname } = new URL(url);
    if (isLoopback(url) && pathname.startsWith('/_local/regions/')) endpoints.set(name, `${origin}/_local/aws/${name}`);
  }
  for (const one of given) {
    const pair = named(one);
    if (pair === undefined || !regions.some(({ name }) => name === pair.name)) {
      return `--endpoint-url ${shown(one)}: give REGION=URL for one of the regions`;
    }
    endpoints.set(pair.name, pair.url);
  }
  return endpoints;
}

function named(text: string): { name: string; url: string } | undefined {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(at, 0));
  const url = address(text.slice(at + 1));
  return at > 0 && isRegionName(name) && url !== undefined ? { name, url } : undefined;
}

/** An address without what follows from it: the API's base path, and a slash at the end. */
function address(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(text))) return undefined;
  const path = url.pathname.endsWith('/') ? url.pathname.slice(0, -1) : url.pathname;
  return `${url.origin}${path.endsWith('/api/v1') ? path.slice(0, -'/api/v1'.length) : path}`;
}

/** An option that is wrong may hold a password: only what is no address, or an address without user and query, is shown. */
function shown(text: string): string {
  const [before] = text.split('?');
  const at = before.lastIndexOf('@');
  const from = before.indexOf('//');
  return (at > from && from >= 0 ? `${before.slice(0, from)}//[user]${before.slice(at)}` : before).slice(0, 120);
}
