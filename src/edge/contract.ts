/** CloudFront's own region: its metrics, certificates, web ACLs and access logs are there alone, whatever the regions of the system are. */
export const edgeRegion = 'us-east-1';

/** Name of the bucket with a region's copy of the site. The account makes it one of its own: names of buckets are one for all accounts. */
export function siteBucketName(systemName: string, account: string, region: string): string {
  return `${systemName}-site-${account}-${region}`;
}

/** The page that every path without a file of its own leads to. */
export const siteIndex = 'index.html';

/**
 * What CloudFront takes and does. Source: CloudFront developer guide, read on 29 November 2026. "How CloudFront processes HTTP 4xx and 5xx
 * status codes": it keeps an error for 10 seconds unless a custom error response says otherwise, and follows `no-store` for 404, 410, 414
 * and 501 alone. "Create a custom error page": the codes that may have one; a 401, 409, 422 or 429 may not, and is kept only when its
 * answer says so. "Optimize high availability with origin failover": the codes, and GET, HEAD and OPTIONS alone. "Origin settings": waits
 * for an answer of a custom origin of 1 to 60 seconds, connects 1 to 3 times for 1 to 10 seconds each.
 */
export const edgeLimits = {
  errorCodes: [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504],
  /** 403 and 404 are what a bucket says that is lost, or has got a part of the site alone. */
  failoverCodes: [403, 404, 500, 502, 503, 504],
  connectSeconds: 2,
  connectAttempts: 2,
  /** A bucket answers within milliseconds; CloudFront waits for 1 to 120 seconds, by default 30 ("S3OriginConfig"). */
  siteAnswerSeconds: 5,
  /** API Gateway gives up after 29 seconds, with an answer. */
  apiAnswerSeconds: 30,
} as const;

/** How long the site's files are kept, by `Cache-Control`. */
export const siteCaching = {
  /** A browser asks each time, the edge once a minute: so long an old page may be seen after a deployment. */
  changing: 'public, max-age=0, s-maxage=60',
  /** For files whose name changes with their content. */
  immutable: 'public, max-age=31536000, immutable',
} as const;

/** Name under which the distribution's access logs are delivered. */
export function edgeLogName(systemName: string): string {
  return `${systemName}-edge`;
}

/**
 * Fields of an access log's line: enough to find a request, and nothing of its query, cookies or referrer. Source: CloudFront developer
 * guide, "Standard logging reference", read on 29 November 2026.
 */
export const edgeLogFields: readonly string[] = [
  'date',
  'time',
  'x-edge-location',
  'c-ip',
  'cs-method',
  'cs(Host)',
  'cs-uri-stem',
  'sc-status',
  'sc-bytes',
  'cs-bytes',
  'cs-protocol',
  'cs-protocol-version',
  'ssl-protocol',
  'time-taken',
  'time-to-first-byte',
  'x-edge-result-type',
  'x-edge-detailed-result-type',
  'x-edge-request-id',
];
