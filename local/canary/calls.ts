import type { CanaryView } from './canaries';
import { tenantPattern } from '../../src/api/caller.contract';
import type { Issuer } from '../ground/model';
import { sendJson, sendProblem, type Exchange } from '../http/answers';
import type { Route } from '../http/routes';

/** What the front door knows of canaries. */
export interface CanaryParts {
  readonly list: () => readonly CanaryView[];
}

/** The calls that are about canaries: how they stand, and the tokens that they ask for. */
export function canaryRoutes(canaries: CanaryParts | undefined, issuer: Issuer | undefined): readonly Route[] {
  return [
    { method: 'GET', path: '/_local/canaries', answer: (exchange) => sendJson(exchange, 200, canaries?.list() ?? []) },
    { method: 'POST', path: '/_local/canary-token/{tenant}', answer: (exchange, tenant) => canaryToken(exchange, tenant, issuer) },
  ];
}

/** What an OAuth token endpoint answers to an OAuth client (RFC 6749, section 5.1). */
function canaryToken(exchange: Exchange, tenant: string, issuer: Issuer | undefined): void {
  if (!issuer) return sendProblem(exchange, 'unknown_route', "The app's API has no JWT authorizer, so no token would be of use.");
  if (!tenantPattern.test(tenant)) {
    return sendProblem(exchange, 'invalid_request', 'Name a tenant of 1 to 128 visible ASCII characters without #.');
  }
  const lifetimeSeconds = 3600;
  exchange.request.resume();
  sendJson(exchange, 200, { access_token: issuer.token({ tenant, lifetimeSeconds }), token_type: 'Bearer', expires_in: lifetimeSeconds });
}
