/** What the construct, the script and the dashboard share of the canaries. */
import { EnvCodec } from '../kernel/env';

/** Folder of the script's bundle below `assets/`. */
export const canaryBundle = 'canary/functions/canary';

/** What a canary asks: the endpoint of its own region past DNS, or the public name. */
export type CanaryTarget = 'REGION' | 'NAME';

/** Name of a canary. Synthetics cuts names of functions and log groups after 21 characters, which most systems stay below. */
export function canaryName(systemName: string, target: CanaryTarget): string {
  return target === 'REGION' ? `${systemName}-canary` : `${systemName}-canary-name`;
}

/** Name of the role of a region's canaries: where callers sign, the API knows them by it. */
export function canaryRoleName(systemName: string, region: string): string {
  return `${systemName}-canary-${region}`;
}

/** Log group of the function that Synthetics makes for a canary, by the canary's name and ID. */
export function canaryLogGroupName(name: string, id: string): string {
  return `/aws/lambda/cwsyn-${name.slice(0, 21)}-${id}`;
}

/** What Synthetics publishes of each canary. */
export const canaryMetrics = {
  namespace: 'CloudWatchSynthetics',
  canaryDimension: 'CanaryName',
  /** Of the runs of a period, those that passed, in per cent. */
  success: 'SuccessPercent',
  /** Length of a run, in milliseconds. */
  duration: 'Duration',
} as const;

/** Where Synthetics traces no canary. Source: CloudWatch user guide, "Canaries and X-Ray tracing". */
export const untracedRegions: readonly string[] = ['ap-southeast-3'];

/** Bounds of a run. */
export const canaryLimits = {
  /** Synthetics ends a run after it. A canary runs once a minute at most, so two runs never meet. */
  runSeconds: 60,
  /** A run ends itself after it, so that what it saw is kept: of one that Synthetics ends, nothing is. */
  ownSeconds: 48,
  /** A caller asks again for so long while an answer is not final. */
  callMs: 15_000,
  /** Minor units of one payment, which its refund gives back. */
  amount: 100,
  currency: 'USD',
  /** Each account has enough for many payments without their refunds. */
  funds: 1_000_000,
} as const;

/** How a canary proves itself: as an OAuth client (RFC 6749, section 4.4), or by signing as its role. */
export type CanaryIdentity =
  | {
      readonly kind: 'client';
      readonly tokenUrl: string;
      /** Absent: the endpoint knows its clients without one, as in the local run. */
      readonly secretArn?: string;
      readonly scope?: string;
      readonly audience?: string;
    }
  | { readonly kind: 'role' };

/** One canary, as its script is told. */
export interface CanaryPlan {
  readonly systemName: string;
  readonly region: string;
  /** As whom it pays. */
  readonly tenant: string;
  /** Regions that may answer. */
  readonly regions: readonly string[];
  readonly target: CanaryTarget;
  /** Address below which the API's base path is. */
  readonly url: string;
  readonly identity: CanaryIdentity;
}

/** Environment of the script. */
export const canaryEnv = new EnvCodec(
  {
    /** `CanaryPlan` as JSON. */
    plan: 'CANARY_PLAN',
  },
  {
    /** Address that stands for the API and the name, as in the local run. */
    door: 'CANARY_DOOR',
  },
);

/** Reads a plan back; the construct wrote it, so only its presence is checked. */
export function readCanaryPlan(text: string): CanaryPlan {
  const plan = JSON.parse(text) as Partial<CanaryPlan>;
  if (plan.url && plan.identity && plan.regions) return plan as CanaryPlan;
  throw new Error(`environment variable CANARY_PLAN is '${text}': the construct that makes this canary sets it`);
}
