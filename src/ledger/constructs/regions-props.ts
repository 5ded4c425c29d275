import { Duration } from 'aws-cdk-lib';
import { AccountHomes, HomeTakeover } from './account-homes';

/** Regions of a ledger in mode `STRONG`, none of which ever changes after the first deployment. */
export interface StrongRegionsProps {
  /** Regions that take payments: three, or two and a witness. */
  readonly replicas: string[];

  /**
   * Region that takes part in the quorum and holds no readable data.
   *
   * @default - none: three replicas are given
   */
  readonly witness?: string;
}

/** Regions of a ledger in mode `HOME_REGION`. */
export interface HomeRegionsProps {
  /** Regions that take payments: two or more. */
  readonly replicas: string[];

  /**
   * Where accounts are at home at first. Never changes after the first deployment; homes are moved by `HomeOperator`.
   *
   * @default - all in the first replica
   */
  readonly homes?: AccountHomes;

  /**
   * Who takes over from a home that cannot be reached.
   *
   * @default HomeTakeover.AUTOMATIC
   */
  readonly takeover?: HomeTakeover;

  /**
   * How long a region is home without renewing it, 7 to 60 seconds. A takeover waits for its end, for the 6 seconds of the last
   * request and for `clockMargin`.
   *
   * @default Duration.seconds(10)
   */
  readonly lease?: Duration;

  /**
   * How far two regions' clocks may stand apart, 100 milliseconds to 30 seconds.
   *
   * @default Duration.seconds(1)
   */
  readonly clockMargin?: Duration;

  /**
   * Regions of the small, strongly consistent table that says who is home: three replicas, or two and a witness. They are final after the
   * first deployment, so they do not follow from `replicas`. Give it when no replica is in America and `homes` names no region.
   *
   * @default - with `AccountHomes.oneRegion` two replicas and a witness near that region, otherwise us-east-1 and us-east-2 with us-west-2
   * as witness
   */
  readonly authority?: StrongRegionsProps;

  /**
   * Region of the stack with `PhasedCutoverStateMachine`. Homes are moved for runs of the machine there and nowhere else: whoever may make
   * a state machine of the same name in another region is not believed. Name it also when the cutover stands in a region that takes no
   * payments.
   *
   * @default - any of the replicas
   */
  readonly cutoverRegion?: string;
}
