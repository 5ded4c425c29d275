import { Duration } from 'aws-cdk-lib';
import { IRuleTarget } from 'aws-cdk-lib/aws-events';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { MeshAlarmOptions } from './alarms';
import { MeshProbeOptions } from './probes';
import { MeshRetryOptions } from './target';
import { MeshTransport } from './transport/mesh-transport';

/** Properties of `CrossRegionEventMesh`. */
export interface CrossRegionEventMeshProps {
  /** Name of the system: 3 to 40 lower-case letters, digits and hyphens; the same in every region. The bus is `<systemName>-events`. */
  readonly systemName: string;

  /**
   * Regions whose events reach each other, two or more, the stack's own included; the same list in every region. With our ledger:
   * `regions.replicas`.
   */
  readonly regions: string[];

  /**
   * How events get from region to region; the same in every region.
   *
   * @default MeshTransport.rules()
   */
  readonly transport?: MeshTransport;

  /**
   * Key of this region that encrypts the bus, the queues and the archive.
   *
   * @default - keys that the services own
   */
  readonly encryptionKey?: IKey;

  /**
   * How long the archive keeps events for a replay, in whole days.
   *
   * @default Duration.days(30)
   */
  readonly archiveRetention?: Duration;

  /**
   * The events by which each region measures the way from every other one; the same in every region.
   *
   * @default - one a minute; silent after three minutes, late after 30 seconds
   */
  readonly probes?: MeshProbeOptions;

  /**
   * The alarms and whom they tell.
   *
   * @default - every alarm with its default, telling nobody
   */
  readonly alarms?: MeshAlarmOptions;

  /**
   * How long the logs of the mesh's own functions are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}

/** Which events a target gets, and how long their delivery is tried. */
export interface MeshTargetProps {
  /** Where the events go. Its dead-letter queue and, but for a bus, its retry policy are set here when it has none. */
  readonly target: IRuleTarget;

  /**
   * Types of events, such as `payment.authorised`.
   *
   * @default - all but probes
   */
  readonly types?: string[];

  /**
   * `Source` of the events that the target is to believe.
   *
   * @default - the ledger's alone, `<systemName>.ledger`
   */
  readonly sources?: string[];

  /**
   * Regions where the events began.
   *
   * @default - all regions of the mesh
   */
  readonly origins?: string[];

  /**
   * How long the delivery is tried. Not for a bus, for which EventBridge takes no retry policy.
   *
   * @default - 24 hours and 185 attempts
   */
  readonly retry?: MeshRetryOptions;
}
