import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ledgerBundles, ledgerEnv } from '../contract';
import { LedgerProof } from './ledger-proof';
import { LedgerReplica } from './ledger-replica';
import { BundledFunction } from '../../cdk/bundled-function';

export interface LedgerHeartbeatProps {
  readonly ledger: LedgerReplica;
  readonly logRetention?: RetentionDays;
}

/**
 * One write a minute into the region's replica. DynamoDB publishes `ReplicationLatency` only for minutes in which something was written:
 * without it, a system that is idle and a replication that stands still look the same. Only in mode HOME_REGION, where replication lags.
 * Source: the DynamoDB developer guide, metrics and dimensions, `ReplicationLatency`.
 */
export class LedgerHeartbeat extends Construct {
  constructor(scope: Construct, id: string, { ledger, logRetention }: LedgerHeartbeatProps) {
    super(scope, id);
    const { systemName, tableName, regions } = ledger;
    const writer = new BundledFunction(this, 'Write', {
      bundle: ledgerBundles.heartbeat,
      description: `${systemName}: writes a heartbeat, so that the replication is measured when there are no payments`,
      // Made after the proof that its table is there, too.
      environment: ledgerEnv.write({ systemName, tableName, mode: regions.consistency, ...LedgerProof.of(this, ledger).environment }),
      timeout: Duration.seconds(10),
      memorySize: 256,
      // The next one is worth more than a late one.
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
      logRetention: logRetention ?? RetentionDays.THREE_MONTHS,
    });
    ledger._grantHeartbeat(writer.function);
    new Rule(this, 'EveryMinute', {
      description: `${systemName}: a heartbeat into the ledger`,
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(writer.function, { maxEventAge: Duration.minutes(1), retryAttempts: 0 })],
    });
  }
}
