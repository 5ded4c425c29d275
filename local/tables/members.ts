import { Links } from '../ground/model';
import { EngineDirectory } from '../network/network';

/** The way from a region to the nearest other member that it reaches, and back. */
export interface QuorumPath {
  readonly member: string;
  readonly outMs: number;
  readonly backMs: number;
}

/**
 * The quorum rule of multi-region strong consistency: of the three members (replicas and witness) a region needs one
 * other, there and back. Undefined when there is none: then only eventually consistent reads work in that region.
 */
export function nearestMember(
  from: string,
  members: readonly string[],
  links: Pick<Links, 'get'>,
  engines: EngineDirectory,
): QuorumPath | undefined {
  if (engines.engine(from)?.state === 'stopped') return undefined;
  let nearest: QuorumPath | undefined;
  for (const member of members) {
    if (member === from || engines.engine(member)?.state === 'stopped') continue;
    const out = links.get(from, member);
    const back = links.get(member, from);
    if (out.partitioned || back.partitioned) continue;
    const path = { member, outMs: out.lagMs, backMs: back.lagMs };
    if (!nearest || path.outMs + path.backMs < nearest.outMs + nearest.backMs) nearest = path;
  }
  return nearest;
}

/** One-way lag of what reaches a region from the others, or undefined while nothing does. */
export function inboundLagMs(
  to: string,
  members: readonly string[],
  links: Pick<Links, 'get'>,
  engines: EngineDirectory,
  origin?: string,
): number | undefined {
  if (engines.engine(to)?.state === 'stopped') return undefined;
  if (origin === to) return 0;
  const reaching = members.filter(
    (member) => member !== to && engines.engine(member)?.state !== 'stopped' && !links.get(member, to).partitioned,
  );
  if (!reaching.length) return undefined;
  if (origin !== undefined && reaching.includes(origin)) return links.get(origin, to).lagMs;
  return Math.min(...reaching.map((member) => links.get(member, to).lagMs));
}
