import { Duration } from 'aws-cdk-lib';

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

/** How events get from region to region. Give the mesh of every region the same one. */
export class MeshTransport {
  /** A rule in each region for each peer, with a role and a dead-letter queue of ours. Any number of regions. */
  public static rules(): MeshTransport {
    return new MeshTransport();
  }

  /**
   * An EventBridge global endpoint with event replication, for exactly two regions. Publishers are moved away from a region whose
   * EventBridge fails, in 6 to 7 minutes; the replication's rules are AWS's, without a dead-letter queue of ours.
   */
  public static globalEndpoint(props?: GlobalEndpointProps): MeshTransport {
    return new MeshTransport(props ?? {});
  }

  private constructor(
    /** Options of the global endpoint; absent with rules. */
    public readonly globalEndpointProps?: GlobalEndpointProps,
  ) {}
}
