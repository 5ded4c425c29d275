import { AccountHomes, MeshTransport, PaymentRegions, PublicNameRecords, StrongRegionsProps } from 'cdk-multi-region-payments';

/** Everything a team changes before it deploys, in one place. */
export interface Config {
  /** Prefix of every name, the same in all regions. */
  readonly systemName: string;
  /** AWS account of all stacks; the credentials' own when undefined. */
  readonly account?: string;
  readonly regions: PaymentRegions;
  /**
   * Region whose stack makes the ledger's table: one of the replicas. It never changes, also when regions are added or named in another
   * order.
   */
  readonly ledgerRegion: string;
  /** How events get from region to region. */
  readonly transport: MeshTransport;
  readonly domain: {
    /** Public name of the API in all regions. */
    readonly name: string;
    /** Its public hosted zone: ID and name, so that synthesis needs no credentials. */
    readonly hostedZoneId: string;
    readonly zoneName: string;
    /** Who owns the name's records; each region its own, by latency, when undefined. */
    readonly records?: PublicNameRecords;
  };
  readonly callers: {
    /** Issuer of the callers' tokens. */
    readonly issuer: string;
    readonly audience: string[];
    /** Claim that names the caller's tenant. */
    readonly tenantClaim: string;
  };
  /** Where every alarm goes. By default to a topic in each region that has no subscription: until you give one, no person is told. */
  readonly alarms: {
    /** Address that gets each alarm by mail. It has to confirm the subscription of each region. */
    readonly email?: string;
    /**
     * ARN of a topic of your own, by its region: no topic is made there. An alarm can only tell a topic of its own region. The topic's
     * policy must admit CloudWatch. So must its key, if it has one: `alias/aws/sns` does not, and cannot be made to.
     */
    readonly topicArns?: Readonly<Record<string, string>>;
  };
  /** With `parts.drill`: which region is drilled, and the region that drills it. It stays when regions are added: give a new one a row. */
  readonly drilledFrom: Readonly<Record<string, string>>;
  /**
   * A second recorder, in Python, beside the one in TypeScript: a consumer in another language. At synthesis pip brings its libraries. None
   * when undefined.
   */
  readonly pythonRecorder?: boolean;
  /** What stands around the payments. Each part can be left out. */
  readonly parts: {
    /** A dashboard of the whole system in each region: one of CloudWatch's custom dashboards, billed as such. */
    readonly dashboard: boolean;
    /** Canaries in each region, which pay every five minutes. None when undefined. */
    readonly canary?: {
      /** Token endpoint of the callers' issuer, where the canaries get their tokens. */
      readonly tokenUrl: string;
      /** Tenant that the issuer gives them: no business metric counts its payments, and no event tells of them. */
      readonly tenant: string;
    };
    /** Drills of regions, four times a year. None when undefined. */
    readonly drill?: {
      /** Token endpoint of the callers' issuer, where the prober gets its tokens. */
      readonly tokenUrl: string;
      /** Whether drills may make the region's functions fail, too. They drain it alone when undefined. */
      readonly faults?: Faults;
    };
    /** CloudFront in front of the web app and the API: a bucket in each region, and a distribution by the name. None when undefined. */
    readonly edge?: {
      /** Public name of the web app, in the API's hosted zone. */
      readonly name: string;
      /** Folder with the built web app, beside this file. */
      readonly folder: string;
    };
    /** Documents such as statements: a bucket in each region, each copied to the others. */
    readonly documents: boolean;
  };
}

/**
 * Which drills take their region away by an experiment of AWS FIS, and not by a drain: none, those that a person starts so, or those of the
 * schedule too. By default none, for an experiment needs AWS's extension in each function of the API, drill or not: their starts take
 * longer, and each reads a bucket every 20 seconds. With mode STRONG alone.
 */
export type Faults = 'NONE' | 'BY_HAND' | 'BY_SCHEDULE';

/** How the regions agree, and with that which regions there can be. It never changes after the first deployment. */
export type Mode = 'STRONG' | 'HOME_REGION';

/** The regions of each mode, where no others are asked for. */
const defaults: Readonly<Record<Mode, { readonly replicas: readonly string[]; readonly witness?: string }>> = {
  // Near each other: a payment waits some 10 ms for the second region. Far from each other it waits an ocean's round trip.
  STRONG: { replicas: ['us-east-1', 'us-west-2'], witness: 'us-east-2' },
  HOME_REGION: { replicas: ['us-east-1', 'eu-central-1'] },
};

/** Where the system is, by the CDK context values `replicas` (names with commas between them) and `witness`; each mode has its default. */
export function regionsOf(mode: Mode, replicas?: unknown, witness?: unknown, authority?: unknown): PaymentRegions {
  const names = replicas === undefined ? [...defaults[mode].replicas] : namesIn(replicas);
  if (mode === 'STRONG') {
    return PaymentRegions.strong({
      replicas: names,
      witness: replicas === undefined && witness === undefined ? defaults.STRONG.witness : witnessOf(witness),
    });
  }
  if (witness !== undefined) {
    throw new Error(`context 'witness' is '${witness}' in mode HOME_REGION, which has none: leave it out, or give --context mode=STRONG`);
  }
  // Every tenant is at home in one of them, by hash at first.
  return PaymentRegions.homeRegion({
    replicas: names,
    homes: AccountHomes.byTenant(),
    ...(authority === undefined ? {} : { authority: authorityIn(namesIn(authority, 'authority')) }),
  });
}

/** Three regions of the table that says who is home, the witness last. They are final after the first deployment. */
function authorityIn([first, second, witness]: string[]): StrongRegionsProps {
  return { replicas: [first, second], witness };
}

function namesIn(replicas: unknown, context = 'replicas'): string[] {
  const names = String(replicas)
    .split(',')
    .map((name) => name.trim());
  if (typeof replicas !== 'string' || names.includes('')) {
    throw new Error(
      `context '${context}' is '${replicas}': give names of regions with a comma between them, such as us-east-1,eu-central-1`,
    );
  }
  return names;
}

function witnessOf(witness: unknown): string | undefined {
  if (witness === undefined || (typeof witness === 'string' && witness !== '')) return witness;
  throw new Error(`context 'witness' is '${witness}': give the name of a region, or leave it out for three replicas`);
}

/** How events get from region to region: rules of our own, or an EventBridge global endpoint. */
export type Transport = 'RULES' | 'GLOBAL_ENDPOINT';

const transports: Readonly<Record<Transport, MeshTransport>> = {
  RULES: MeshTransport.rules(),
  GLOBAL_ENDPOINT: MeshTransport.globalEndpoint(),
};

const allParts: Config['parts'] = {
  dashboard: true,
  edge: { name: 'app.example.com', folder: 'site' },
  documents: true,
  canary: { tokenUrl: 'https://login.example.com/oauth2/token', tenant: 'canary' },
  drill: { tokenUrl: 'https://login.example.com/oauth2/token' },
};

/**
 * The parts asked for with `--context only=...` (names with commas between them, `none` for no part); all when it is not given. Drills by
 * `faults` where they are asked for.
 */
export function partsOf(only?: unknown, faults: Faults = 'NONE'): Config['parts'] {
  const parts = partsIn(only);
  if (faults === 'NONE') return parts;
  if (parts.drill) return { ...parts, drill: { ...parts.drill, faults } };
  throw new Error(`context 'faults' is '${faults}' without drills: give drill in 'only' too, or leave 'faults' out`);
}

function partsIn(only: unknown): Config['parts'] {
  if (only === undefined) return allParts;
  const known = Object.keys(allParts);
  const names = String(only)
    .split(',')
    .map((name) => name.trim());
  const wrong = names.find((name) => name !== 'none' && !known.includes(name));
  if (wrong !== undefined) {
    throw new Error(`context 'only' has '${wrong}': give some of ${known.join(', ')} with commas between them, or none`);
  }
  const isAsked = (part: keyof Config['parts']): boolean => names.includes(part);
  return {
    dashboard: isAsked('dashboard'),
    documents: isAsked('documents'),
    ...(isAsked('edge') ? { edge: allParts.edge } : {}),
    ...(isAsked('canary') ? { canary: allParts.canary } : {}),
    ...(isAsked('drill') ? { drill: allParts.drill } : {}),
  };
}

/** Whether the recorder in Python is asked for, with `--context pythonRecorder=true`. */
export function pythonRecorderOf(asked: unknown): boolean {
  if (asked === undefined || asked === 'false') return false;
  if (asked === 'true') return true;
  throw new Error(`context 'pythonRecorder' is '${asked}': give true or false, or leave it out for false`);
}

/** The first two regions of a mode, each drilled from the other one. */
function eachFromTheOther(mode: Mode, { replicas }: PaymentRegions): Readonly<Record<string, string>> {
  const known = defaults[mode].replicas;
  const [first, second] = known.every((name) => replicas.includes(name)) ? known : replicas;
  return { [first]: second, [second]: first };
}

/** The system in one mode, with one transport, in the mode's regions or in others, with all parts or some, and the recorders. */
export const configOf = (
  mode: Mode,
  transport: Transport = 'RULES',
  regions = regionsOf(mode),
  parts = partsOf(),
  pythonRecorder = false,
): Config => ({
  systemName: 'acme-pay',
  account: process.env.CDK_DEFAULT_ACCOUNT,
  regions,
  ledgerRegion: regions.replicas.includes('us-east-1') ? 'us-east-1' : regions.replicas[0],
  transport: transports[transport],
  domain: { name: 'pay.example.com', hostedZoneId: 'Z0123456789EXAMPLE00', zoneName: 'example.com' },
  callers: { issuer: 'https://login.example.com', audience: ['payments'], tenantClaim: 'tenant' },
  // Such as { email: 'on-call@example.com' }.
  alarms: {},
  drilledFrom: eachFromTheOther(mode, regions),
  pythonRecorder,
  parts,
});

/** The system as it is without another mode asked for. */
export const config = configOf('STRONG');

/** The mode asked for with `--context mode=...`. */
export function modeOf(asked: unknown): Mode {
  if (asked === undefined) return 'STRONG';
  if (asked === 'STRONG' || asked === 'HOME_REGION') return asked;
  throw new Error(`context 'mode' is '${asked}': give STRONG or HOME_REGION, or leave it out for STRONG`);
}

/** The faults asked for with `--context faults=...`. */
export function faultsOf(asked: unknown): Faults {
  if (asked === undefined) return 'NONE';
  if (asked === 'NONE' || asked === 'BY_HAND' || asked === 'BY_SCHEDULE') return asked;
  throw new Error(`context 'faults' is '${asked}': give NONE or BY_HAND or BY_SCHEDULE, or leave it out for NONE`);
}

/** The transport asked for with `--context transport=...`. */
export function transportOf(asked: unknown): Transport {
  if (asked === undefined) return 'RULES';
  if (asked === 'RULES' || asked === 'GLOBAL_ENDPOINT') return asked;
  throw new Error(`context 'transport' is '${asked}': give RULES or GLOBAL_ENDPOINT, or leave it out for RULES`);
}
