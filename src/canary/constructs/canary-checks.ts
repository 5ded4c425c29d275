import { Stack, Token } from 'aws-cdk-lib';
import { CfnRestApi } from 'aws-cdk-lib/aws-apigateway';
import { PaymentsCanaryProps } from './canary-props';
import { PropProblem } from '../../cdk/checks/invalid-props';
import { ownRegionProblem } from '../../cdk/checks/own-region';
import { wholeDaysProblem } from '../../cdk/checks/whole-days';

/** The settings of canaries, as numbers. */
export interface CanarySettings {
  readonly intervalMinutes: number;
  readonly slowAfterSeconds: number;
  readonly artifactDays: number;
  readonly runtimeVersion: string;
}

/** What is wrong with canaries; undefined when nothing is. */
export function canaryProblem(props: PaymentsCanaryProps, settings: CanarySettings, stack: Stack): PropProblem | undefined {
  return (
    ownRegionProblem(props.api._ledger.region, stack.region, 'canary') ??
    tenantProblem(props) ??
    identityProblem(props) ??
    endpointProblem(props) ??
    numberProblem('interval', settings.intervalMinutes, [1, 60], 'minutes') ??
    numberProblem('slowAfter', settings.slowAfterSeconds, [1, 60], 'seconds') ??
    wholeDaysProblem('artifactRetention', props.artifactRetention, 31) ??
    numberProblem('artifactRetention', settings.artifactDays, [1, 455], 'days') ??
    runtimeProblem(settings.runtimeVersion)
  );
}

function tenantProblem({ api, tenant }: PaymentsCanaryProps): PropProblem | undefined {
  const known = api._ledger.syntheticTenants;
  if (known.includes(tenant)) return undefined;
  return {
    prop: 'tenant',
    given: `'${tenant}'`,
    allowed: known.length > 0 ? known.join(', ') : "a synthetic tenant of the API's ledger, which has none",
    mend: 'name the tenant in syntheticTenants of LedgerReplica.of: otherwise each run counts as business, and publishes events',
  };
}

function identityProblem({ api, client, publicName }: PaymentsCanaryProps): PropProblem | undefined {
  if (api._signed === (client !== undefined)) {
    return {
      prop: 'client',
      given: client ? 'set, for an API with IAM authorization' : 'missing',
      allowed: 'an OAuth client where callers have tokens, and none where they sign',
      mend: client ? "leave it out: the canaries' role gets the rights" : 'give the token endpoint and the secret of a client of its own',
    };
  }
  if (client === undefined && publicName !== undefined) {
    return {
      prop: 'publicName',
      given: `'${publicName}', for an API with IAM authorization`,
      allowed: "none there: a signature is for one region's API, and the name may lead to any",
      mend: 'leave it out: the canary of each region watches its endpoint',
    };
  }
  if (publicName !== undefined && !Token.isUnresolved(publicName) && !/^(?:[a-z0-9-]+\.)+[a-z0-9-]+$/i.test(publicName)) {
    return {
      prop: 'publicName',
      given: `'${publicName}'`,
      allowed: 'a name of DNS, without https:// and without a dot at the end',
      mend: 'give domain.name of the API',
    };
  }
  return urlProblem(client?.tokenUrl);
}

function urlProblem(tokenUrl: string | undefined): PropProblem | undefined {
  if (tokenUrl === undefined || Token.isUnresolved(tokenUrl)) return undefined;
  if (URL.canParse(tokenUrl) && tokenUrl.startsWith('https://')) return undefined;
  return { prop: 'client.tokenUrl', given: `'${tokenUrl}'`, allowed: 'an address with https://', mend: "give the issuer's token endpoint" };
}

/** With mutual TLS a region's own endpoint is off, and the name wants a certificate, which a canary has not. */
function endpointProblem({ api }: PaymentsCanaryProps): PropProblem | undefined {
  if ((api.restApi.node.defaultChild as CfnRestApi).disableExecuteApiEndpoint !== true) return undefined;
  return {
    prop: 'api',
    given: 'an API with mutual TLS',
    allowed: 'an API whose regional endpoint answers without a certificate of the client',
    mend: 'watch this API with a canary of your own that has such a certificate',
  };
}

function numberProblem(prop: string, given: number, [least, most]: readonly [number, number], unit: string): PropProblem | undefined {
  if (Number.isInteger(given) && given >= least && given <= most) return undefined;
  return { prop, given: `${given} ${unit}`, allowed: `${least} to ${most} whole ${unit}`, mend: 'leave it out for the default' };
}

const oldestWithRoot = 11;

function runtimeProblem(runtimeVersion: string): PropProblem | undefined {
  const puppeteer = /^syn-nodejs-puppeteer-(\d{1,3})\.\d{1,3}$/.exec(runtimeVersion)?.[1];
  if (/^syn-nodejs-\d{1,3}\.\d{1,3}$/.test(runtimeVersion) || Number(puppeteer) >= oldestWithRoot) return undefined;
  return {
    prop: 'runtimeVersion',
    given: `'${runtimeVersion}'`,
    allowed: `syn-nodejs-VERSION, or syn-nodejs-puppeteer-VERSION of ${oldestWithRoot}.0 or newer: the script is for Node.js`,
    mend: 'leave it out for the default, or take one that AWS supports',
  };
}
