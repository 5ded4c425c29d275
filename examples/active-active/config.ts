import { PaymentRegions } from 'cdk-multi-region-payments';

/** Everything a team changes before it deploys, in one place. */
export interface Config {
  /** Prefix of every name, the same in all regions. */
  readonly systemName: string;
  /** AWS account of all stacks; the credentials' own when undefined. */
  readonly account?: string;
  readonly regions: PaymentRegions;
  readonly domain: {
    /** Public name of the API in all regions. */
    readonly name: string;
    /** Its public hosted zone: ID and name, so that synthesis needs no credentials. */
    readonly hostedZoneId: string;
    readonly zoneName: string;
  };
  readonly callers: {
    /** Issuer of the callers' tokens. */
    readonly issuer: string;
    readonly audience: string[];
    /** Claim that names the caller's tenant. */
    readonly tenantClaim: string;
  };
}

export const config: Config = {
  systemName: 'acme-pay',
  account: process.env.CDK_DEFAULT_ACCOUNT,
  regions: PaymentRegions.strong({ replicas: ['us-east-1', 'us-west-2'], witness: 'us-east-2' }),
  domain: { name: 'pay.example.com', hostedZoneId: 'Z0123456789EXAMPLE00', zoneName: 'example.com' },
  callers: { issuer: 'https://login.example.com', audience: ['payments'], tenantClaim: 'tenant' },
};
