import { ArnFormat, Stack } from 'aws-cdk-lib';
import { MathExpression, Metric, MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { apiMetrics, apiStageName, restApiName } from '../api/contract';
import { metricSum } from '../cdk/metric-sum';
import { MetricOwner, systemMetric } from '../cdk/system-metric';
import { minute } from '../cdk/tuned-alarms';
import { LedgerReplica } from '../ledger/constructs/ledger-replica';

/** A metric that names its region: a dashboard shows every region's. */
export function regionalMetric(metricName: string, owner: MetricOwner, options?: MetricOptions): Metric {
  return systemMetric(metricName, owner, { ...options, region: owner.region });
}

/** What is measured in one region of a system. Each metric names the region, so that one graph can have several. */
export class RegionMetrics {
  public readonly region: string;
  public readonly systemName: string;

  constructor(
    private readonly scope: Construct,
    /** Number of the region, for the names in expressions. */
    public readonly at: number,
    /** The ledger's replica in that region. */
    public readonly ledger: LedgerReplica,
  ) {
    this.region = ledger.region;
    this.systemName = ledger.systemName;
  }

  /** Of our functions. */
  public own(metricName: string, options?: MetricOptions, dimensions?: Readonly<Record<string, string>>): Metric {
    const { systemName, region } = this;
    return regionalMetric(metricName, { systemName, region, dimensions }, options);
  }

  /** Of the REST API. */
  public api(metricName: string, options?: MetricOptions): Metric {
    const dimensionsMap = { ApiName: restApiName(this.systemName), Stage: apiStageName };
    return this.aws('AWS/ApiGateway', metricName, dimensionsMap, options);
  }

  /** Of the ledger's table. */
  public table(metricName: string, dimensions: Readonly<Record<string, string>> = {}, options?: MetricOptions): Metric {
    return this.aws('AWS/DynamoDB', metricName, { TableName: this.ledger.tableName, ...dimensions }, options);
  }

  /** A queue by its name, for its metrics. */
  public queue(queueName: string): IQueue {
    const id = `${queueName}-${this.region}`;
    const { region } = this;
    const arn = Stack.of(this.scope).formatArn({ service: 'sqs', region, resource: queueName, arnFormat: ArnFormat.NO_RESOURCE_NAME });
    return (this.scope.node.tryFindChild(id) as IQueue | undefined) ?? Queue.fromQueueArn(this.scope, id, arn);
  }

  /** Messages that wait in a queue. */
  public waiting(queueName: string, label: string): Metric {
    const options = { statistic: Stats.MAXIMUM, period: minute, region: this.region, label };
    return this.queue(queueName).metricApproximateNumberOfMessagesVisible(options);
  }

  /** Keyed calls that this region answered, whatever became of them: health checks and reads are not among them. */
  public calls(): MathExpression {
    const counted = [apiMetrics.authorised, apiMetrics.declined, apiMetrics.replayed, apiMetrics.inFlight];
    const usingMetrics = Object.fromEntries(counted.map((name, at) => [`call${at}in${this.at}`, this.own(name)]));
    return metricSum(this.region, usingMetrics, minute);
  }

  private aws(namespace: string, metricName: string, dimensionsMap: Record<string, string>, options: MetricOptions = {}): Metric {
    return new Metric({ namespace, metricName, dimensionsMap, statistic: Stats.SUM, period: minute, ...options, region: this.region });
  }
}
