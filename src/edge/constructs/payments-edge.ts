import { Duration, Stack } from 'aws-cdk-lib';
import {
  AllowedMethods,
  BehaviorOptions,
  CachePolicy,
  CfnDistribution,
  Distribution,
  FunctionEventType,
  HttpVersion,
  IOrigin,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  OriginSslPolicy,
  S3OriginAccessControl,
  SecurityPolicyProtocol,
  Signing,
  SSLMethod,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, OriginGroup, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { AaaaRecord, ARecord, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { defineEdgeAlarms, needsAdditionalMetrics } from './edge-alarms';
import { checkEdge } from './edge-checks';
import { keepApiUncached } from './edge-kept';
import { EdgeLogs } from './edge-logs';
import { EdgeDomainProps, PaymentsEdgeProps } from './edge-props';
import { apiHeaders, siteHeaders } from './response-headers';
import { declareSitePart } from './site-checks';
import { SiteRouter } from './site-router';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { edgeLimits, siteBucketName, siteIndex } from '../contract';

const connection = { connectionAttempts: edgeLimits.connectAttempts, connectionTimeout: Duration.seconds(edgeLimits.connectSeconds) };

/** A bucket that takes connections and says nothing would hold each caller for 30 seconds. The CDK's origin has no prop for it. */
const answeringSoon = (origin: IOrigin): IOrigin => ({
  bind: (scope, options) => {
    const { originProperty, ...config } = origin.bind(scope, options);
    const s3OriginConfig = { ...originProperty?.s3OriginConfig, originReadTimeout: edgeLimits.siteAnswerSeconds };
    return { ...config, originProperty: originProperty && { ...originProperty, s3OriginConfig } };
  },
});

/**
 * One address for browsers: the site from the nearest of CloudFront's places, and the API below it, on one origin for the browser. The site
 * comes from the first region's bucket, or from the second's where the first fails. The API's answers are never cached.
 *
 * A POST never fails over here, for CloudFront repeats none: DNS leads the API's name to a healthy region. One for all regions, in a stack
 * of its own in us-east-1. It serves on while that region is lost; only changes to it wait.
 */
export class PaymentsEdge extends Construct {
  /** The distribution. Own paths may be added with `addBehavior`; those of the API stay uncached. */
  public readonly distribution: Distribution;
  /** The edge's public name: its own, or CloudFront's. */
  public readonly domainName: string;
  /** The alarms that were made. */
  public readonly alarms: Alarm[];

  constructor(scope: Construct, id: string, props: PaymentsEdgeProps) {
    super(scope, id);
    checkNames(this);
    const { systemName, regions, domain, accessLogs, apiPaths = ['/api/*'] } = props;
    checkEdge(this, props, apiPaths);
    declareOnce(this, { kind: 'PaymentsEdge', prop: 'systemName', name: systemName, isGlobal: true });
    declareSitePart(this, 'PaymentsEdge', systemName, regions);
    this.distribution = this.defineDistribution(props, apiPaths);
    keepApiUncached(this, this.distribution.node.defaultChild as CfnDistribution, apiPaths);
    this.domainName = domain?.name ?? this.distribution.distributionDomainName;
    if (domain) this.defineRecords(domain);
    if (accessLogs?.enabled !== false) {
      new EdgeLogs(this, 'Logs', { systemName, distribution: this.distribution, retention: accessLogs?.retention });
    }
    this.alarms = defineEdgeAlarms(this, systemName, this.distribution, props.alarms);
  }

  private defineDistribution(props: PaymentsEdgeProps, apiPaths: readonly string[]): Distribution {
    const { systemName, domain, webAclArn, alarms } = props;
    const api = this.apiBehavior(props);
    return new Distribution(this, 'Distribution', {
      comment: `${systemName}: site and API`,
      defaultRootObject: siteIndex,
      defaultBehavior: this.siteBehavior(props),
      additionalBehaviors: Object.fromEntries(apiPaths.map((path) => [path, api])),
      errorResponses: edgeLimits.errorCodes.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
      httpVersion: HttpVersion.HTTP2_AND_3,
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      ...(domain && { domainNames: [domain.name], certificate: domain.certificate, sslSupportMethod: SSLMethod.SNI }),
      webAclId: webAclArn,
      publishAdditionalMetrics: needsAdditionalMetrics(alarms),
    });
  }

  private siteBehavior({ contentSecurityPolicy, ...props }: PaymentsEdgeProps): BehaviorOptions {
    return {
      origin: this.siteOrigin(props),
      allowedMethods: AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      cachePolicy: CachePolicy.CACHING_OPTIMIZED,
      compress: true,
      functionAssociations: [{ function: new SiteRouter(this, 'Router'), eventType: FunctionEventType.VIEWER_REQUEST }],
      responseHeadersPolicy: siteHeaders(this, 'SiteHeaders', contentSecurityPolicy),
    };
  }

  /** Found by name: the edge refers to no region's stack. CloudFront's groups have two members. */
  private siteOrigin({ systemName, regions }: PaymentsEdgeProps): IOrigin {
    const access = new S3OriginAccessControl(this, 'Access', { signing: Signing.SIGV4_ALWAYS });
    const [primaryOrigin, fallbackOrigin] = regions
      .slice(0, 2)
      .map((region) =>
        answeringSoon(
          S3BucketOrigin.withBucketDefaults(
            Bucket.fromBucketAttributes(this, `Site-${region}`, {
              bucketName: siteBucketName(systemName, Stack.of(this).account, region),
              region,
            }),
            { ...connection, originAccessControlId: access.originAccessControlId },
          ),
        ),
      );
    return new OriginGroup({ primaryOrigin, fallbackOrigin, fallbackStatusCodes: [...edgeLimits.failoverCodes] });
  }

  /** No redirect to HTTPS: a browser would repeat a POST as a GET, and its token would have gone in clear text by then. */
  private apiBehavior({ apiName }: PaymentsEdgeProps): BehaviorOptions {
    return {
      origin: new HttpOrigin(apiName, {
        ...connection,
        protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
        originSslProtocols: [OriginSslPolicy.TLS_V1_2],
        readTimeout: Duration.seconds(edgeLimits.apiAnswerSeconds),
      }),
      allowedMethods: AllowedMethods.ALLOW_ALL,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      // API Gateway knows the request by its own name: the viewer's host would be answered 403.
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      responseHeadersPolicy: apiHeaders(this, 'ApiHeaders'),
      compress: false,
    };
  }

  private defineRecords({ name, hostedZone: zone }: EdgeDomainProps): void {
    if (!zone) return;
    const record = { zone, recordName: `${name}.`, target: RecordTarget.fromAlias(new CloudFrontTarget(this.distribution)) };
    new ARecord(this, 'Record', record);
    new AaaaRecord(this, 'RecordV6', record);
  }
}
