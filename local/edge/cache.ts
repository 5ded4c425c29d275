import type { EdgeAnswer, EdgeCachePolicy, EdgeRequest } from './model';
import { isChosen } from './policies';

/** CloudFront keeps an error so long where nothing else is said. */
export const errorSeconds = 10;
/** Errors that it always keeps, and those of them for which it follows what the answer says against keeping it. */
const keptErrors = new Set([400, 403, 404, 405, 410, 414, 416, 500, 501, 502, 503, 504]);
const yielding = new Set([404, 410, 414, 501]);
/** It does not keep these, whatever is set. */
const neverKept = new Set([416]);

interface Kept {
  readonly answer: EdgeAnswer;
  readonly until: number;
}

const most = 500;

/** Answers of one place of CloudFront. */
export class EdgeCache {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly now: () => number) {}

  public get(key: string): EdgeAnswer | undefined {
    const entry = this.kept.get(key);
    return entry && entry.until > this.now() ? entry.answer : undefined;
  }

  public put(key: string, answer: EdgeAnswer, seconds: number): void {
    if (seconds <= 0) return;
    if (this.kept.size >= most) this.kept.delete(this.kept.keys().next().value!);
    this.kept.set(key, { answer, until: this.now() + seconds * 1000 });
  }

  public clear(): void {
    this.kept.clear();
  }
}

/** What tells two answers apart: the path, and what the policy names. */
export function cacheKey({ uri, query, headers, method }: EdgeRequest, policy: EdgeCachePolicy): string {
  const parameters = [...new URLSearchParams(query)].filter(([name]) => isChosen(policy.query, name));
  const named = Object.entries(headers).filter(([name]) => isChosen(policy.headers, name));
  const cookies = cookiesIn(headers.cookie).filter(([name]) => isChosen(policy.cookies, name));
  // HEAD is answered by what GET got.
  return JSON.stringify([method === 'HEAD' ? 'GET' : method, uri, parameters, named.sort(), cookies.sort()]);
}

export function cookiesIn(header = ''): [string, string][] {
  return header
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map((one) => [one.split('=')[0], one]);
}

/** Seconds of a directive of Cache-Control; undefined where it has none. */
function secondsIn(control: string, directive: string): number | undefined {
  const value = control
    .split(',')
    .map((one) => one.trim().split('='))
    .find(([name]) => name === directive)?.[1];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

/** How long an answer is kept, in seconds. `errorTtl` is the distribution's for its status. */
export function secondsOf(answer: EdgeAnswer, policy: EdgeCachePolicy, errorTtl: number | undefined): number {
  const control = headerIn(answer, 'cache-control')?.toLowerCase() ?? '';
  const asked = secondsIn(control, 's-maxage') ?? secondsIn(control, 'max-age');
  const forbids = /no-store|no-cache|private/.test(control);
  if (answer.status >= 400) {
    if (neverKept.has(answer.status)) return 0;
    if (!keptErrors.has(answer.status)) return forbids || asked === undefined ? 0 : Math.min(asked, policy.max);
    if (forbids && yielding.has(answer.status)) return 0;
    return Math.max(errorTtl ?? errorSeconds, forbids ? 0 : Math.min(asked ?? 0, policy.max));
  }
  if (forbids) return policy.min;
  return Math.min(Math.max(asked ?? policy.default, policy.min), policy.max);
}

export function headerIn({ headers }: Pick<EdgeAnswer, 'headers'>, name: string): string | undefined {
  return Object.entries(headers).find(([one]) => one.toLowerCase() === name)?.[1];
}
