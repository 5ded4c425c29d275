import { Duration } from 'aws-cdk-lib';
import { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { IHostedZone } from 'aws-cdk-lib/aws-route53';
import { EdgeAlarmOptions } from './edge-alarms';

/** The edge's own public name. It is another one than the API's, which stays for callers that use the API alone. */
export interface EdgeDomainProps {
  /** The name, such as `app.example.com`. */
  readonly name: string;

  /** Certificate for the name, in us-east-1: CloudFront takes no other. */
  readonly certificate: ICertificate;

  /**
   * Public hosted zone of the name, in which an A and an AAAA record are made. Use `HostedZone.fromHostedZoneAttributes`: a lookup would
   * ask AWS at synthesis.
   *
   * @default - no records: you make them yourself
   */
  readonly hostedZone?: IHostedZone;
}

/** Access logs of the distribution, in a bucket of their own. They hold no query, no cookie and no referrer. */
export interface EdgeLogOptions {
  /**
   * Whether requests are logged.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * How long the logs are kept, in whole days: 1 or more.
   *
   * @default Duration.days(90)
   */
  readonly retention?: Duration;
}

/** Properties of `PaymentsEdge`. */
export interface PaymentsEdgeProps {
  /** Name of the system: as that of its `ReplicatedSite`. */
  readonly systemName: string;

  /** Regions that have a `ReplicatedSite`, as its `regions`: the same list in the same order. */
  readonly regions: string[];

  /** Public name of the API, the `domain.name` of `ActiveActivePaymentsApi`. DNS leads it to a healthy region, and the edge asks it. */
  readonly apiName: string;

  /**
   * Paths that go to the API, as path patterns that end with a folder and an asterisk. All others go to the site. They are never cached.
   *
   * @default ['/api/*']
   */
  readonly apiPaths?: string[];

  /**
   * The edge's public name.
   *
   * @default - none: CloudFront's own name, `<id>.cloudfront.net`. It then takes TLS 1.0 too, which nothing can change
   */
  readonly domain?: EdgeDomainProps;

  /**
   * What pages of the site may load and who may show them, as the header `Content-Security-Policy`.
   *
   * @default - what comes from the edge itself; no frames, no plug-ins, nothing inline
   */
  readonly contentSecurityPolicy?: string;

  /**
   * ARN of a web ACL with scope CLOUDFRONT, which is in us-east-1. To the API every caller behind the edge has one of CloudFront's
   * addresses: what bounds single clients must stand here.
   *
   * @default - none
   */
  readonly webAclArn?: string;

  /**
   * The access logs.
   *
   * @default - kept for 90 days
   */
  readonly accessLogs?: EdgeLogOptions;

  /**
   * The alarms and whom they tell.
   *
   * @default - every alarm with its default, telling nobody
   */
  readonly alarms?: EdgeAlarmOptions;
}
