import { Duration } from 'aws-cdk-lib';
import { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { ActiveActivePaymentsApi } from '../../api/constructs/active-active-payments-api';
import { CrossRegionEventMesh } from '../../events/mesh/cross-region-event-mesh';

/** How a drill takes its region away. */
export enum RegionDrillKind {
  /** The region says that it is out of service, and answers calls all the same. */
  DRAIN = 'drain',
  /** An experiment of AWS FIS makes the region's functions fail. Needs a `RegionFault` in the drilled region. */
  FAULT = 'fault',
}

/** Properties of `RegionFault`. */
export interface RegionFaultProps {
  /** The payments API of this region: its functions carry the extension of AWS FIS, and fail while an experiment runs. */
  readonly api: ActiveActivePaymentsApi;

  /**
   * The system's event mesh in this region. An experiment stops by itself when no event of another region arrives: that region is in
   * trouble too, whether or not the drill can still tell.
   *
   * @default - none: `stopAlarms` must be given
   */
  readonly mesh?: CrossRegionEventMesh;

  /**
   * Alarms of this region that stop an experiment, besides. One that is raised already lets none begin. They must not tell of what the
   * experiment causes: alarms of `api` are refused.
   *
   * @default - none: `mesh` must be given
   */
  readonly stopAlarms?: IAlarm[];

  /**
   * Longest that an experiment lasts, in whole minutes from 3 to 15. The drill ends it before: this is for a drill and a watchdog that
   * are lost. No shorter than `longest` of the `RegionDrill` of this region.
   *
   * @default Duration.minutes(10)
   */
  readonly longest?: Duration;

  /**
   * ARN of the layer with AWS's extension for faults, of this region and for functions on ARM.
   *
   * @default - the newest one, as AWS's public parameter tells at deployment
   */
  readonly extensionLayerArn?: string;
}
