import type { NamedChoice, Choices, EdgeCachePolicy, EdgeHeaders } from './model';
import type { FabricResource } from '../ground/model';

const none: NamedChoice = { kind: 'none', names: [] };
const all: NamedChoice = { kind: 'all', names: [] };
const listed = (...names: string[]): NamedChoice => ({ kind: 'listed', names });
const nothing: Choices = { headers: none, cookies: none, query: none };

/** Policies that AWS manages, by ID. Source: CloudFront developer guide, "Use managed cache policies" and "... origin request policies". */
const managedCaches: Readonly<Record<string, EdgeCachePolicy>> = {
  // CachingDisabled
  '4135ea2d-6df8-44a3-9df3-4b5a84be39ad': { ...nothing, min: 0, default: 0, max: 0 },
  // CachingOptimized, and the same for uncompressed objects
  '658327ea-f89d-4fab-a63d-7e88639e58f6': { ...nothing, min: 1, default: 86_400, max: 31_536_000 },
  'b2884449-e4de-46a7-ac36-70bc7f1ddd6d': { ...nothing, min: 1, default: 86_400, max: 31_536_000 },
};
const managedRequests: Readonly<Record<string, Choices>> = {
  // AllViewer and AllViewerExceptHostHeader
  '216adef6-5c7f-47e4-b989-5492eafa07d3': { headers: all, cookies: all, query: all },
  'b689b0a8-53d0-40ab-baf2-68738e2966ac': { headers: { kind: 'allBut', names: ['host'] }, cookies: all, query: all },
  // CORS-S3Origin
  '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf': {
    ...nothing,
    headers: listed('origin', 'access-control-request-headers', 'access-control-request-method'),
  },
};

/** A template's policies of one kind by ID. */
export type PoliciesById = ReadonlyMap<string, Record<string, any>>;

export function policiesOf(resources: readonly FabricResource[], type: string): PoliciesById {
  return new Map(
    resources.filter((one) => one.type === `AWS::CloudFront::${type}`).map(({ physicalId, properties }) => [physicalId!, properties]),
  );
}

export function cachePolicyOf(id: string | undefined, own: PoliciesById): EdgeCachePolicy {
  const given = id === undefined ? undefined : own.get(id)?.CachePolicyConfig;
  if (!given) return managedCaches[id ?? ''] ?? unknown('cache policy', id);
  const { MinTTL: min, DefaultTTL, MaxTTL: max = 31_536_000, ParametersInCacheKeyAndForwardedToOrigin: key = {} } = given;
  return { min: Number(min), default: Number(DefaultTTL ?? 86_400), max: Number(max), ...choicesOf(key) };
}

export function requestPolicyOf(id: string | undefined, own: PoliciesById): Choices {
  if (id === undefined) return nothing;
  const given = own.get(id)?.OriginRequestPolicyConfig;
  return given ? choicesOf(given) : (managedRequests[id] ?? unknown('origin request policy', id));
}

/** Followed wrongly it would look right: the run says what it does not know. */
function unknown(what: string, id: string | undefined): never {
  throw new Error(`the edge does not know the ${what} '${id ?? 'none'}': add it to local/edge/policies.ts`);
}

function choicesOf({ HeadersConfig: headers = {}, CookiesConfig: cookies = {}, QueryStringsConfig: query = {} }: any): Choices {
  return {
    headers: choiceOf(headers.HeaderBehavior, headers.Headers),
    cookies: choiceOf(cookies.CookieBehavior, cookies.Cookies),
    query: choiceOf(query.QueryStringBehavior, query.QueryStrings),
  };
}

function choiceOf(behavior = 'none', given: readonly string[] = []): NamedChoice {
  const names = given.map((name) => name.toLowerCase());
  if (behavior === 'none') return none;
  if (behavior === 'whitelist') return { kind: 'listed', names };
  return behavior === 'allExcept' ? { kind: 'allBut', names } : { kind: 'all', names };
}

export function isChosen({ kind, names }: NamedChoice, name: string): boolean {
  const isNamed = names.includes(name.toLowerCase());
  return kind === 'all' || (kind === 'listed' && isNamed) || (kind === 'allBut' && !isNamed);
}

export function headersOf(id: string | undefined, own: PoliciesById): EdgeHeaders {
  const given = id === undefined ? undefined : own.get(id)?.ResponseHeadersPolicyConfig;
  if (!given) return { set: [], removed: [] };
  const { CustomHeadersConfig: custom, RemoveHeadersConfig: removed, SecurityHeadersConfig: security = {} } = given;
  return {
    set: [
      ...securityHeaders(security),
      ...((custom?.Items ?? []) as any[]).map(({ Header: name, Value: value, Override: override }) => ({ name, value, override })),
    ],
    removed: ((removed?.Items ?? []) as any[]).map(({ Header }) => String(Header).toLowerCase()),
  };
}

function securityHeaders(given: Readonly<Record<string, any>>): EdgeHeaders['set'] {
  const texts: Readonly<Record<string, readonly [string, (one: any) => string]>> = {
    ContentSecurityPolicy: ['Content-Security-Policy', (one) => one.ContentSecurityPolicy],
    ContentTypeOptions: ['X-Content-Type-Options', () => 'nosniff'],
    FrameOptions: ['X-Frame-Options', (one) => one.FrameOption],
    ReferrerPolicy: ['Referrer-Policy', (one) => one.ReferrerPolicy],
    StrictTransportSecurity: [
      'Strict-Transport-Security',
      (one) =>
        `max-age=${one.AccessControlMaxAgeSec}${one.IncludeSubdomains ? '; includeSubDomains' : ''}${one.Preload ? '; preload' : ''}`,
    ],
    XSSProtection: ['X-XSS-Protection', (one) => (one.Protection ? '1; mode=block' : '0')],
  };
  return Object.entries(given).flatMap(([name, one]) => {
    const known = texts[name];
    return known ? [{ name: known[0], value: known[1](one), override: one.Override === true }] : [];
  });
}
