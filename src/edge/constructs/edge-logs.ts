import { Duration, Stack } from 'aws-cdk-lib';
import { IDistribution } from 'aws-cdk-lib/aws-cloudfront';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDelivery, CfnDeliveryDestination, CfnDeliverySource } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { privateBucket } from '../../cdk/private-bucket';
import { edgeLogFields, edgeLogName } from '../contract';

export interface EdgeLogsProps {
  readonly systemName: string;
  readonly distribution: IDistribution;
  readonly retention?: Duration;
}

/** Access logs in a bucket: by the delivery that lets fields be chosen, since queries and cookies do not belong there. */
export class EdgeLogs extends Construct {
  /** Where the logs are, below `AWSLogs/`. */
  public readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { systemName, distribution, retention = Duration.days(90) }: EdgeLogsProps) {
    super(scope, id);
    this.bucket = privateBucket(this, 'Bucket', { lifecycle: { expiration: retention } });
    const name = edgeLogName(systemName);
    this.admitDelivery(name);
    const source = new CfnDeliverySource(this, 'Source', { name, logType: 'ACCESS_LOGS', resourceArn: distribution.distributionArn });
    const destination = new CfnDeliveryDestination(this, 'Destination', {
      name,
      destinationResourceArn: this.bucket.bucketArn,
      outputFormat: 'json',
    });
    destination.node.addDependency(this.bucket.policy!);
    const delivery = new CfnDelivery(this, 'Delivery', {
      deliverySourceName: source.name,
      deliveryDestinationArn: destination.attrArn,
      recordFields: [...edgeLogFields],
    });
    delivery.addResourceDependency(source);
  }

  private admitDelivery(name: string): void {
    const { partition, account, region } = Stack.of(this);
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('delivery.logs.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [this.bucket.arnForObjects(`AWSLogs/${account}/*`)],
        conditions: {
          StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control', 'aws:SourceAccount': account },
          ArnLike: { 'aws:SourceArn': `arn:${partition}:logs:${region}:${account}:delivery-source:${name}` },
        },
      }),
    );
  }
}
