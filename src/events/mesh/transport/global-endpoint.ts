import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnEndpoint, EventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnHealthCheck } from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { TransportStrategy, peersOf } from './strategy';
import { PropProblem } from '../../../cdk/checks/invalid-props';
import { checkLiterals } from '../../../cdk/checks/literals';
import { ownResource } from '../../../cdk/deployment-order';
import { Lookup } from '../../../cdk/lookup';
import { providePart, useNamedPart } from '../../../cdk/named-parts';
import { runbookLink } from '../../../cdk/runbook';
import { meshBusName, meshEndpointName, replicationRoleName } from '../../contract';

/** Options of `MeshTransport.globalEndpoint`. */
export interface GlobalEndpointProps {
  /**
   * Region that takes the events of all publishers while its health check is good.
   *
   * @default - the first region of the mesh
   */
  readonly primary?: string;

  /**
   * Average time from an event's arrival at EventBridge to its first delivery beyond which the primary counts as unhealthy.
   *
   * @default Duration.seconds(30)
   */
  readonly latencyThreshold?: Duration;

  /**
   * Bad minutes in a row before publishers are sent to the other region, 1 to 60. A minute without any delivery is bad too: the probes
   * see to it that there is one.
   *
   * @default 5
   */
  readonly unhealthyMinutes?: number;
}

/** The transport of `MeshTransport.globalEndpoint`. */
export function globalEndpointStrategy(options: GlobalEndpointProps): TransportStrategy {
  const primaryOf = (regions: readonly string[]): string => options.primary ?? regions[0];
  return {
    problem: (scope, regions) => {
      checkLiterals(scope, options, { prefix: 'transport.', texts: ['primary'] });
      return endpointProblem(regions, options);
    },
    describe: (regions) => `globalEndpoint with the primary ${primaryOf(regions)}`,
    senders: ({ systemName }) => ({ Replication: replicationRoleName(systemName) }),
    publishingRegions: ({ regions }) => regions,
    publishedTo: peersOf,
    takenBy: ({ region, regions }) => (primaryOf(regions) === region ? undefined : primaryOf(regions)),
    // The replication's rules are AWS's.
    watchedRules: () => ({}),
    define: (scope, { systemName, region, regions, bus }) => {
      const primary = primaryOf(regions);
      const primaryFirst = [primary, ...regions.filter((other) => other !== primary)];
      if (region === primary) new MeshEndpoint(scope, 'GlobalEndpoint', { systemName, regions: primaryFirst, bus, options });
      else providePart(scope, { kind: 'event bus', systemName, regions: [region] }, ownResource(bus));
    },
    endpointId: (scope, { systemName, regions }) => lookUpEndpointId(scope, systemName, primaryOf(regions)),
  };
}

function endpointProblem(regions: readonly string[], options: GlobalEndpointProps): PropProblem | undefined {
  if (regions.length !== 2) {
    return {
      prop: 'transport',
      given: `globalEndpoint with ${regions.length} regions (${regions.join(', ')})`,
      allowed: 'exactly two regions: an EventBridge global endpoint has a primary and a secondary one',
      mend: 'use MeshTransport.rules(), or name two regions',
    };
  }
  if (options.primary !== undefined && !regions.includes(options.primary)) {
    return {
      prop: 'transport.primary',
      given: options.primary,
      allowed: regions.join(' or '),
      mend: "name one of the mesh's regions, or leave it out for the first",
    };
  }
  const minutes = options.unhealthyMinutes;
  if (minutes !== undefined && !(Number.isInteger(minutes) && minutes >= 1 && minutes <= 60)) {
    return { prop: 'transport.unhealthyMinutes', given: `${minutes}`, allowed: 'a whole number from 1 to 60', mend: 'leave it out for 5' };
  }
  return undefined;
}

interface MeshEndpointProps {
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
class MeshEndpoint extends Construct {
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
    // It names the other region's bus too, and publishers ask for its ID while they are deployed.
    useNamedPart(this, { kind: 'event bus', systemName: props.systemName, regions: [secondary] }, [endpoint]);
    providePart(this, { kind: 'event endpoint', systemName: props.systemName, regions: [primary] }, [endpoint]);
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
function lookUpEndpointId(scope: Construct, systemName: string, primary: string): string {
  const stack = Stack.of(scope);
  const id = `MeshEndpointId-${systemName}`;
  const existing = stack.node.tryFindChild(id) as Lookup | undefined;
  if (existing) return existing.value;
  const name = meshEndpointName(systemName);
  const lookup = new Lookup(stack, id, {
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
  useNamedPart(lookup, { kind: 'event endpoint', systemName, regions: [primary] }, [lookup.resource]);
  return lookup.value;
}
