import { sendProblem, type Exchange } from './answers';

/** One call: a method, a path with its parameters in braces, and what answers it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Given the values of the path's parameters, in their order. */
  readonly answer: (exchange: Exchange, ...parameters: readonly string[]) => void | Promise<void>;
}

/** Finds what answers a request. A path that is not known is told the known ones, and another method the ones that are allowed. */
export class Router {
  private readonly table: readonly { readonly route: Route; readonly parts: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.table = routes.map((route) => ({ route, parts: route.path.split('/') }));
  }

  public async answer(exchange: Exchange): Promise<void> {
    const segments = exchange.path.split('/').map(decoded);
    const here = this.table.filter(({ parts }) => leadsTo(parts, segments));
    const asked = exchange.request.method ?? '';
    const match = here.find(({ route }) => methodsOf(route).includes(asked));
    if (match) return match.route.answer(exchange, ...segments.filter((_, at) => isParameter(match.parts[at])));
    if (here.length === 0) return sendProblem(exchange, 'unknown_route', `There is no such path. There are ${this.known()}.`);
    const allowed = here.flatMap(({ route }) => methodsOf(route)).join(', ');
    sendProblem(exchange, 'method_not_allowed', `Use ${allowed}, not ${asked}.`, { headers: { Allow: allowed } });
  }

  private known(): string {
    return [...new Set(this.table.map(({ route }) => route.path))].sort().join(', ');
  }
}

function methodsOf({ method }: Route): readonly string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [method];
}

const isParameter = (part: string): boolean => part.startsWith('{');

/** A parameter stands for one segment that is not empty. */
function leadsTo(parts: readonly string[], segments: readonly string[]): boolean {
  return parts.length === segments.length && parts.every((part, at) => (isParameter(part) ? segments[at] !== '' : part === segments[at]));
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
