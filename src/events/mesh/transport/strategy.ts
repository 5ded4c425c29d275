import { EventBus } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { PropProblem } from '../../../cdk/checks/invalid-props';

/** One region's part of a mesh. */
export interface MeshPart {
  readonly systemName: string;
  readonly region: string;
  /** All regions of the mesh, the part's own included. */
  readonly regions: readonly string[];
}

/** What a transport's resources are made for. */
export interface MeshBus extends MeshPart {
  readonly bus: EventBus;
  readonly deadLetterQueueArn: string;
}

/** A way for events from region to region: the mesh asks it and nothing else, so each transport is one file. */
export interface TransportStrategy {
  /** What is wrong with the transport's own props, or with these regions. Throws for a token. */
  problem(scope: Construct, regions: readonly string[]): PropProblem | undefined;

  /** What the parts of one mesh must agree on. */
  describe(regions: readonly string[]): string;

  /** Names of the roles that bring peers' events to this part's bus, by the ID of the bus policy's statement. */
  senders(part: MeshPart): Readonly<Record<string, string>>;

  /** Regions whose publishers may put on this part's bus: its own, and others where a publisher can be led to another region. */
  publishingRegions(part: MeshPart): readonly string[];

  /** Regions to whose buses a publisher of this part may be led, its own left out. */
  publishedTo(part: MeshPart): readonly string[];

  /** The peer whose bus takes what this part publishes, while all is well; undefined where that is the part's own. */
  takenBy(part: MeshPart): string | undefined;

  /** Names of our rules whose failed deliveries are watched, by the ID of their alarm. */
  watchedRules(part: MeshPart): Readonly<Record<string, string>>;

  /** Makes the part's resources. */
  define(scope: Construct, part: MeshBus): void;

  /** ID of the endpoint that publishers address, for a stack; undefined where they address their own region's bus. */
  endpointId(scope: Construct, part: MeshPart): string | undefined;
}

/** The part's regions but its own. */
export function peersOf({ region, regions }: MeshPart): string[] {
  return regions.filter((other) => other !== region);
}
