import { GlobalEndpointProps, globalEndpointStrategy } from './global-endpoint';
import { rulesStrategy } from './rules';
import { TransportStrategy } from './strategy';

/** How events get from region to region. Give the mesh of every region the same one. */
export class MeshTransport {
  /** A rule in each region for each peer, with a role and a dead-letter queue of ours. Any number of regions. */
  public static rules(): MeshTransport {
    return new MeshTransport(rulesStrategy());
  }

  /**
   * An EventBridge global endpoint with event replication, for exactly two regions. Publishers are moved away from a region whose
   * EventBridge fails, in 6 to 7 minutes; the replication's rules are AWS's, without a dead-letter queue of ours.
   */
  public static globalEndpoint(props: GlobalEndpointProps = {}): MeshTransport {
    return new MeshTransport(globalEndpointStrategy(props), props);
  }

  /**
   * A way of one's own.
   *
   * @internal
   */
  public static _of(strategy: TransportStrategy): MeshTransport {
    return new MeshTransport(strategy);
  }

  /**
   * All that the mesh asks: it knows no transport by its name.
   *
   * @internal
   */
  public readonly _strategy: TransportStrategy;

  private constructor(
    strategy: TransportStrategy,
    /** Options of the global endpoint; absent with rules. */
    public readonly globalEndpointProps?: GlobalEndpointProps,
  ) {
    this._strategy = strategy;
  }
}
