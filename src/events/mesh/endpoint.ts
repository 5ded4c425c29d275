import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnEndpoint, EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnHealthCheck } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { meshBusName, meshEndpointName, replicationRoleName } from '../contract';
import { GlobalEndpointProps } from './transport';
import { Lookup } from '../../cdk/lookup';
import { runbookLink } from '../../cdk/runbook';

export interface MeshEndpointProps {
  readonly systemName: string;
  /** Primary first. */
  readonly regions: string[];
  readonly bus: EventBus;
  readonly options: GlobalEndpointProps;
}

/**
 * The global endpoint, made in the primary region. Its health check follows AWS's own template: EventBridge's latency there, no
 * subscriber's metrics. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-ge-cfn.html
 */
export class MeshEndpoint extends Construct {
  public readonly alarm: Alarm;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: MeshEndpointProps,
  ) {
    super(scope, id);
    const [primary, secondary] = props.regions;
    this.alarm = this.defineAlarm(primary);
    const healthCheck = new CfnHealthCheck(this, 'HealthCheck', {
      healthCheckConfig: {
        type: 'CLOUDWATCH_METRIC',
        alarmIdentifier: { name: this.alarm.alarmName, region: primary },
        insufficientDataHealthStatus: 'Unhealthy',
      },
      healthCheckTags: [{ key: 'Name', value: meshEndpointName(props.systemName) }],
    });
    const stack = Stack.of(this);
    const endpoint = new CfnEndpoint(this, 'Endpoint', {
      name: meshEndpointName(props.systemName),
      description: `${props.systemName}: events to ${primary}, to ${secondary} while that is unhealthy`,
      eventBuses: props.regions.map((region) => ({ eventBusArn: this.arn(region, 'event-bus', meshBusName(props.systemName)) })),
      replicationConfig: { state: 'ENABLED' },
      roleArn: this.defineRole().roleArn,
      routingConfig: {
        failoverConfig: {
          primary: {
            healthCheck: stack.formatArn({
              service: 'route53',
              region: '',
              account: '',
              resource: 'healthcheck',
              resourceName: healthCheck.attrHealthCheckId,
            }),
          },
          secondary: { route: secondary },
        },
      },
    });
    endpoint.node.addDependency(props.bus, this.node.findChild('Role'));
  }

  private defineAlarm(primary: string): Alarm {
    const { systemName, options } = this.props;
    return new Alarm(this, 'Unhealthy', {
      alarmName: `${systemName}-events-endpoint`,
      alarmDescription:
        `${systemName}: EventBridge in ${primary} delivers late or not at all, so publishers are sent to the other ` +
        `region. What to do: ${runbookLink('events-endpoint')}`,
      metric: new Metric({
        namespace: 'AWS/Events',
        metricName: 'IngestionToInvocationStartLatency',
        statistic: Stats.AVERAGE,
        period: Duration.minutes(1),
      }),
      threshold: (options.latencyThreshold ?? Duration.seconds(30)).toMilliseconds(),
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: options.unhealthyMinutes ?? 5,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }

  /** The endpoint's managed rules put with it, and EventBridge keeps them with it. */
  private defineRole(): Role {
    const { systemName, regions } = this.props;
    const bus = meshBusName(systemName);
    const role = new Role(this, 'Role', {
      roleName: replicationRoleName(systemName),
      description: `${systemName}: replicates events between the regions`,
      assumedBy: new ServicePrincipal('events.amazonaws.com'),
    });
    role.addToPolicy(
      new PolicyStatement({ actions: ['events:PutEvents'], resources: regions.map((region) => this.arn(region, 'event-bus', bus)) }),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['events:PutRule', 'events:PutTargets', 'events:DeleteRule', 'events:RemoveTargets'],
        resources: regions.map((region) => this.arn(region, 'rule', `${bus}/GlobalEndpointManagedRule-*`)),
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: [
          Stack.of(this).formatArn({ service: 'iam', region: '', resource: 'role', resourceName: replicationRoleName(systemName) }),
        ],
        conditions: { StringLike: { 'iam:PassedToService': 'events.amazonaws.com' } },
      }),
    );
    return role;
  }

  private arn(region: string, resource: string, resourceName: string): string {
    return Stack.of(this).formatArn({ service: 'events', region, resource, resourceName });
  }
}

/** ID of a system's endpoint, asked for in the primary region at each deployment; once for each stack. The endpoint must be there. */
export function lookUpEndpointId(scope: Construct, systemName: string, primary: string): string {
  const stack = Stack.of(scope);
  const id = `MeshEndpointId-${systemName}`;
  const existing = stack.node.tryFindChild(id) as Lookup | undefined;
  const name = meshEndpointName(systemName);
  const lookup =
    existing ??
    new Lookup(stack, id, {
      resourceType: 'Custom::MeshEndpointId',
      service: 'eventbridge',
      action: 'DescribeEndpoint',
      parameters: { Name: name },
      region: primary,
      name,
      resourceArn: stack.formatArn({
        service: 'events',
        region: primary,
        resource: 'endpoint',
        resourceName: name,
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      }),
      field: 'EndpointId',
    });
  return lookup.value;
}
