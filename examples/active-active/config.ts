import { AccountHomes, MeshTransport, PaymentRegions, PublicNameRecords } from 'cdk-multi-region-payments';

/** Everything a team changes before it deploys, in one place. */
export interface Config {
  /** Prefix of every name, the same in all regions. */
  readonly systemName: string;
  /** AWS account of all stacks; the credentials' own when undefined. */
  readonly account?: string;
  readonly regions: PaymentRegions;
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
}

/** How the regions agree, and with that which regions there can be. It never changes after the first deployment. */
export type Mode = 'STRONG' | 'HOME_REGION';

const regions: Readonly<Record<Mode, PaymentRegions>> = {
  // Near each other: nothing that was accepted is lost with a region.
  STRONG: PaymentRegions.strong({ replicas: ['us-east-1', 'us-west-2'], witness: 'us-east-2' }),
  // On two continents: every tenant is at home in one of them, by hash at first.
  HOME_REGION: PaymentRegions.homeRegion({ replicas: ['us-east-1', 'eu-central-1'], homes: AccountHomes.byTenant() }),
};

/** How events get from region to region: rules of our own, or an EventBridge global endpoint. */
export type Transport = 'RULES' | 'GLOBAL_ENDPOINT';

const transports: Readonly<Record<Transport, MeshTransport>> = { RULES: MeshTransport.rules(), GLOBAL_ENDPOINT: MeshTransport.globalEndpoint() };

/** The system in one mode, with one transport. */
export const configOf = (mode: Mode, transport: Transport = 'RULES'): Config => ({
  systemName: 'acme-pay',
  account: process.env.CDK_DEFAULT_ACCOUNT,
  regions: regions[mode],
  transport: transports[transport],
  domain: { name: 'pay.example.com', hostedZoneId: 'Z0123456789EXAMPLE00', zoneName: 'example.com' },
  callers: { issuer: 'https://login.example.com', audience: ['payments'], tenantClaim: 'tenant' },
});

/** The system as it is without another mode asked for. */
export const config = configOf('STRONG');

/** The mode asked for with `--context mode=...`. */
export function modeOf(asked: unknown): Mode {
  if (asked === undefined) return 'STRONG';
  if (asked === 'STRONG' || asked === 'HOME_REGION') return asked;
  throw new Error(`context 'mode' is '${asked}': give STRONG or HOME_REGION, or leave it out for STRONG`);
}

/** The transport asked for with `--context transport=...`. */
export function transportOf(asked: unknown): Transport {
  if (asked === undefined) return 'RULES';
  if (asked === 'RULES' || asked === 'GLOBAL_ENDPOINT') return asked;
  throw new Error(`context 'transport' is '${asked}': give RULES or GLOBAL_ENDPOINT, or leave it out for RULES`);
}
