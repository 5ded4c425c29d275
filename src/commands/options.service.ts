import { isRegionName } from '../kernel/region';

/** What is wrong with an option that names regions, such as `--from`; undefined when nothing is. */
export function regionProblem(option: string, value: string): string | undefined {
  return isRegionName(value) ? undefined : `--${option} ${value}: give the name of a region, such as us-east-1`;
}

/** What is wrong with the option `--system`; undefined when nothing is. */
export function systemProblem(value: string): string | undefined {
  return /^[a-z][a-z0-9-]{1,38}[a-z0-9]$/.test(value)
    ? undefined
    : `--system ${value}: a system's name has 3 to 40 lower-case letters, digits and hyphens`;
}

/** An endpoint of AWS's services in a region: `{region}` in the address stands for its name. */
export const endpointIn = (endpointUrl: string, region: string): string => endpointUrl.replaceAll('{region}', region);

/** What is wrong with the option `--endpoint-url`; undefined when nothing is. */
export function endpointProblem(value: string | undefined): string | undefined {
  return value === undefined || URL.canParse(endpointIn(value, 'us-east-1'))
    ? undefined
    : '--endpoint-url: give an address, such as http://127.0.0.1:4580/_local/aws/{region}';
}

/** Whether an address is on this machine: plain HTTP, and credentials that count for nothing, are for it alone. */
export function isLoopback(url: string): boolean {
  return ['127.0.0.1', 'localhost'].includes(new URL(url).hostname);
}
