import { ProblemError } from './answer';
import { apiRoutes } from '../contract';
import type { ApiRoute } from '../contract';

/** A route that a request goes to, with what its path holds, decoded. */
export interface RouteMatch {
  readonly route: ApiRoute;
  readonly params: Readonly<Record<string, string>>;
}

const patterns = apiRoutes.map((route) => ({ route, segments: route.path.split('/') }));

/** The path template that a path belongs to, for the log: the path itself may hold anything. */
export function templateOf(path: string): string | undefined {
  const segments = path.split('/');
  return patterns.find((pattern) => fits(pattern.segments, segments))?.route.path;
}

/** Finds the route. Throws a `ProblemError`: 400 for a malformed path, 404 for an unknown one, 405 with `Allow` for another method. */
export function matchRoute(method: string, path: string): RouteMatch {
  const segments = path.split('/').map(decodeSegment);
  const candidates = patterns.filter((pattern) => fits(pattern.segments, segments));
  if (candidates.length === 0) throw new ProblemError('unknown_route', 'This API has no call with this path: see the API reference.');
  const matching = candidates.find((candidate) => candidate.route.method === method);
  if (!matching) {
    const allow = candidates
      .map((candidate) => candidate.route.method)
      .sort()
      .join(', ');
    throw new ProblemError('method_not_allowed', `This path accepts only ${allow}.`, { Allow: allow });
  }
  const params = Object.fromEntries(
    matching.segments.flatMap((segment, index) => (isParam(segment) ? [[segment.slice(1, -1), segments[index]]] : [])),
  );
  return { route: matching.route, params };
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((segment, index) => (isParam(segment) ? segments[index] !== '' : segment === segments[index]))
  );
}

function isParam(segment: string): boolean {
  return segment.startsWith('{');
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ProblemError('invalid_path', 'The path has a malformed percent-encoding: write % and two hexadecimal digits.');
  }
}
