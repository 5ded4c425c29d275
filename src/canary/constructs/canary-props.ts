import { Duration } from 'aws-cdk-lib';
import { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { ActiveActivePaymentsApi } from '../../api/constructs/active-active-payments-api';

/** How canaries prove themselves to the API: as an OAuth client (client credentials, RFC 6749 section 4.4). */
export interface CanaryClientProps {
  /** The issuer's token endpoint, `https://...`. The client's ID and secret are sent to it by HTTP Basic. */
  readonly tokenUrl: string;

  /** Secret in this region that holds `{"client_id": ..., "client_secret": ...}`. The client's tokens must name the canaries' tenant. */
  readonly clientSecret: ISecret;

  /**
   * Scopes to ask for, with a space between them: those to pay, to read, and to open accounts.
   *
   * @default - none asked for: the issuer's own
   */
  readonly scope?: string;

  /**
   * Audience to ask for, where the issuer wants one.
   *
   * @default - none
   */
  readonly audience?: string;
}

/** Properties of `PaymentsCanary`. */
export interface PaymentsCanaryProps {
  /** The payments API of this region. */
  readonly api: ActiveActivePaymentsApi;

  /**
   * Tenant that the canaries pay as: one of the `syntheticTenants` of the API's ledger, so that no business metric counts their payments,
   * and no event tells of them. It must be the tenant that the API sees in the canaries' credentials. Its items stay: about 1.3 million a
   * year for two canaries in two regions, every five minutes. The API's own `decision` function is asked about its payments. With
   * `AccountHomes.byTenant` the canaries watch the one unit of this tenant.
   */
  readonly tenant: string;

  /**
   * How canaries prove themselves. Needed unless the API has IAM authorization.
   *
   * @default - they sign as their role, `<systemName>-canary-<region>`, which gets the rights to call this API
   */
  readonly client?: CanaryClientProps;

  /**
   * Public name of the API, the `domain.name` of `ActiveActivePaymentsApi`. A second canary pays through it. Needs `client`: a signature is
   * for one region, and the name may lead to any.
   *
   * @default - none: this region's endpoint alone is watched
   */
  readonly publicName?: string;

  /**
   * Time from run to run, in whole minutes from 1 to 60.
   *
   * @default Duration.minutes(5)
   */
  readonly interval?: Duration;

  /**
   * Length of a run from which on it counts as slow, in whole seconds from 1 to 60. A run makes about a dozen calls, one after the other.
   *
   * @default Duration.seconds(15)
   */
  readonly slowAfter?: Duration;

  /**
   * How long what a run leaves is kept, in whole days from 1 to 455. It is for looking into a failed run: no evidence, no payment's data.
   *
   * @default Duration.days(31)
   */
  readonly artifactRetention?: Duration;

  /**
   * Runtime of CloudWatch Synthetics: `syn-nodejs-VERSION`, or `syn-nodejs-puppeteer-VERSION` of 11.0 or newer. AWS names those that it
   * supports at https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Synthetics_Runtime_Support_Policy.html.
   *
   * @default 'syn-nodejs-4.1'
   */
  readonly runtimeVersion?: string;

  /**
   * Whom to tell when an alarm rises.
   *
   * @default - nobody: the alarms are there to be seen
   */
  readonly alarmActions?: IAlarmAction[];

  /**
   * How long logs are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}
