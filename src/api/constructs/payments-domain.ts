import { CfnDeletionPolicy, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { BasePathMapping, DomainName, EndpointType, RestApi, SecurityPolicy } from 'aws-cdk-lib/aws-apigateway';
import { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { CfnHealthCheck, CnameRecord, HealthCheck, HealthCheckType, IHealthCheck, IHostedZone } from 'aws-cdk-lib/aws-route53';
import { IBucket } from 'aws-cdk-lib/aws-s3';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { RecoveryBudget } from './recovery-budget';
import { PropProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkPlaces } from '../../cdk/checks/places';
import { noteAddress } from '../../cdk/public-addresses';
import { RegionAddress, regionAddressName } from '../../kernel/system-names';

/** Client certificates that callers must present. */
export interface MutualTlsProps {
  /** Bucket in this region that holds the certificates to trust. */
  readonly trustStoreBucket: IBucket;

  /** Key of the PEM file in the bucket. */
  readonly trustStoreKey: string;

  /**
   * Version of the file. Name it, so that a change of the trust store is a change of the template.
   *
   * @default - the latest at each deployment
   */
  readonly trustStoreVersion?: string;
}

/** Who owns the public name's records. */
export enum PublicNameRecords {
  /** Each region its own, in its stack: by latency and health. */
  LATENCY = 'LATENCY',
  /**
   * As `LATENCY`, but they stay when they leave the stack, and the region says where it is as with `CUTOVER`: the step before it for a name
   * that is in use. Deploy every region so, then the cutover with `replaceExisting`, then every region with `CUTOVER`.
   */
  HANDOVER = 'HANDOVER',
  /** A `PhasedCutoverStateMachine`, by weights. The region says in a parameter of its own where it is. */
  CUTOVER = 'CUTOVER',
}

/** The API's public name, the same in every region. */
export interface PaymentsDomainProps {
  /** The name, below the hosted zone, such as `pay.example.com`; not the zone's own name, which cannot have a CNAME. */
  readonly name: string;

  /** Public hosted zone of the name. Use `HostedZone.fromHostedZoneAttributes`: a lookup would ask AWS at synthesis. */
  readonly hostedZone: IHostedZone;

  /** Certificate for the name, in this stack's region. */
  readonly certificate: ICertificate;

  /**
   * Client certificates to ask for. The API's own address is then switched off, for it asks for none; Route 53's checkers have no
   * certificate either, so `healthCheckId` must name a health check of your own.
   *
   * @default - none
   */
  readonly mutualTls?: MutualTlsProps;

  /**
   * ID of a health check of your own for this region, for example one on a CloudWatch alarm. The recovery budget's interval and
   * threshold must say what it does.
   *
   * @default - one that asks for this region's health through the API's own address, by `probePath`
   */
  readonly healthCheckId?: string;

  /**
   * Who owns the name's records.
   *
   * @default PublicNameRecords.LATENCY
   */
  readonly records?: PublicNameRecords;
}

/** What the API gives its domain. */
export interface PaymentsDomainHost {
  readonly api: RestApi;
  /** Path of the region's health that callers cannot name. */
  readonly probePath: string;
  readonly region: string;
  readonly systemName: string;
  readonly budget: RecoveryBudget;
}

/** Custom domain, health check and latency record of one region. */
export class PaymentsDomain extends Construct {
  /** The domain as API Gateway knows it. */
  public readonly domainName: DomainName;
  /** The health check of this region. */
  public readonly healthCheck: IHealthCheck;

  constructor(scope: Construct, id: string, props: PaymentsDomainProps, host: PaymentsDomainHost) {
    super(scope, id);
    checkDomain(scope, props);
    this.domainName = this.defineDomain(props, host.api);
    this.healthCheck =
      props.healthCheckId === undefined
        ? this.defineHealthCheck(host)
        : HealthCheck.fromHealthCheckId(this, 'HealthCheck', props.healthCheckId);
    const { records = PublicNameRecords.LATENCY } = props;
    if (records !== PublicNameRecords.LATENCY) this.defineAddress(host);
    if (records !== PublicNameRecords.CUTOVER) this.defineRecord(props, host);
  }

  private defineRecord(props: PaymentsDomainProps, host: PaymentsDomainHost): void {
    // A CNAME, not an alias: an alias takes its target's TTL of 60 seconds, which alone is twice the default recovery target.
    const record = new CnameRecord(this, 'Record', {
      zone: props.hostedZone,
      recordName: `${props.name}.`,
      domainName: this.domainName.domainNameAliasDomainName,
      ttl: host.budget.recordTtl,
      region: host.region,
      setIdentifier: `${host.systemName}-${host.region}`,
      healthCheck: this.healthCheck,
    });
    if (props.records === PublicNameRecords.HANDOVER) record.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }

  /** By a name that follows from the system's: the cutover's stack, in another region, refers to none of this one. */
  private defineAddress({ systemName, region, budget }: PaymentsDomainHost): void {
    const address: RegionAddress = { value: this.domainName.domainNameAliasDomainName, healthCheckId: this.healthCheck.healthCheckId };
    new StringParameter(this, 'Address', {
      parameterName: regionAddressName(systemName),
      description: `${systemName}: where this region's part of the public name is, for the cutover`,
      stringValue: Stack.of(this).toJsonString(address),
    });
    const check = this.healthCheck.node.defaultChild as CfnHealthCheck | undefined;
    // The records in the cutover's stack name the old one until that is deployed, and Route 53 deletes also a health check that is in use.
    if (check) Object.assign(check.cfnOptions, { updateReplacePolicy: CfnDeletionPolicy.RETAIN, deletionPolicy: CfnDeletionPolicy.DELETE });
    const parts = { address, check: check?.healthCheckConfig };
    noteAddress(this, { systemName, region, recordTtl: budget.recordTtl, follows: () => JSON.stringify(Stack.of(this).resolve(parts)) });
  }

  private defineDomain(props: PaymentsDomainProps, api: RestApi): DomainName {
    const { mutualTls } = props;
    const domain = new DomainName(this, 'Name', {
      domainName: props.name,
      certificate: props.certificate,
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
      mtls: mutualTls && { bucket: mutualTls.trustStoreBucket, key: mutualTls.trustStoreKey, version: mutualTls.trustStoreVersion },
    });
    new BasePathMapping(this, 'Mapping', { domainName: domain, restApi: api, stage: api.deploymentStage });
    return domain;
  }

  /** Asks by the API's own address: the public name would lead a checker to whichever region is near it. */
  private defineHealthCheck({ api, probePath, region, budget }: PaymentsDomainHost): HealthCheck {
    return new HealthCheck(this, 'HealthCheck', {
      type: HealthCheckType.HTTPS,
      fqdn: `${api.restApiId}.execute-api.${region}.${api.stack.urlSuffix}`,
      port: 443,
      // By the stage's name as a reference: the stage that answers this path is deployed first.
      resourcePath: `/${api.deploymentStage.stageName}${probePath}`,
      requestInterval: budget.healthCheckInterval,
      failureThreshold: budget.failureThreshold,
      enableSNI: true,
    });
  }
}

function checkDomain(scope: Construct, props: PaymentsDomainProps): void {
  const problem = nameProblem(props) ?? mutualTlsProblem(props);
  if (problem) throw invalidProps(scope, problem);
  checkPlaces(scope, 'PaymentsDomainProps', props, 'domain.');
  checkPlaces(scope, 'MutualTlsProps', props.mutualTls, 'domain.mutualTls.');
}

function nameProblem({ name, hostedZone }: PaymentsDomainProps): PropProblem | undefined {
  const zone = hostedZone.zoneName;
  if (Token.isUnresolved(name) || Token.isUnresolved(zone)) return undefined;
  const zoneName = zone.replace(/\.$/, '');
  if (name === zoneName) {
    return {
      prop: 'domain.name',
      given: `'${name}', the apex of its zone`,
      allowed: `a name below the zone, such as 'pay.${zoneName}'`,
      mend: 'choose a name below: the apex takes no CNAME, and an alias record there has a TTL of 60 s, longer than the recovery target',
    };
  }
  if (name.endsWith(`.${zoneName}`)) return undefined;
  return {
    prop: 'domain.name',
    given: `'${name}'`,
    allowed: `a name below the hosted zone '${zoneName}'`,
    mend: 'correct the name, or give the hosted zone that the name belongs to',
  };
}

function mutualTlsProblem(props: PaymentsDomainProps): PropProblem | undefined {
  if (!props.mutualTls || props.healthCheckId !== undefined) return undefined;
  return {
    prop: 'domain.mutualTls',
    given: 'set without healthCheckId',
    allowed: 'mutualTls together with healthCheckId',
    mend:
      "Route 53's checkers present no client certificate, so they cannot ask this API: make a health check of your own for the region, " +
      'for example on a CloudWatch alarm of a canary that has a certificate, and give its ID',
  };
}
