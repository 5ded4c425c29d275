import { Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { EdgeDomainProps, PaymentsEdgeProps } from './edge-props';
import { siteRegionsProblem } from './site-checks';
import { PropProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkPlaces } from '../../cdk/checks/places';
import { wholeDaysProblem } from '../../cdk/checks/whole-days';
import { checkSystemName } from '../../ledger/constructs/system-checks';
import { edgeRegion } from '../contract';
import { mayMeet } from '../path-patterns';

/** Throws on the first prop that cannot be meant. */
export function checkEdge(scope: Construct, props: PaymentsEdgeProps, apiPaths: readonly string[]): void {
  checkSystemName(scope, props.systemName);
  checkLiterals(scope, props, { texts: ['regions', 'apiPaths'] });
  const problem =
    placeProblem(Stack.of(scope).region) ??
    siteRegionsProblem(props.systemName, props.regions) ??
    pathsProblem(apiPaths) ??
    nameProblem(props) ??
    webAclProblem(props.webAclArn) ??
    wholeDaysProblem('accessLogs.retention', props.accessLogs?.retention, 90);
  if (problem) throw invalidProps(scope, problem);
  checkPlaces(scope, 'EdgeDomainProps', props.domain, 'domain.');
  checkPlaces(scope, 'EdgeAlarmOptions', props.alarms, 'alarms.');
}

function placeProblem(region: string): PropProblem | undefined {
  if (region === edgeRegion) return undefined;
  return {
    prop: 'env.region of the stack',
    given: Token.isUnresolved(region) ? 'not set' : region,
    allowed: `${edgeRegion}: CloudFront has its metrics, certificates, web ACLs and logs there alone`,
    mend: `put the edge into a stack of its own with env: { region: '${edgeRegion}' }; the regions of the system stay as they are`,
  };
}

const folderPattern = /^\/(?:[\w.~-]+\/)+\*$/;

function pathsProblem(paths: readonly string[]): PropProblem | undefined {
  const prop = 'apiPaths';
  const wrong = paths.find((path) => !folderPattern.test(path));
  if (wrong !== undefined || paths.length === 0) {
    return {
      prop,
      given: wrong === undefined ? 'empty' : `'${wrong}'`,
      allowed: "one or more folders with an asterisk at the end, such as '/api/*'; '/*' would take the site's own paths",
      mend: 'name the folder that the API answers below',
    };
  }
  const clash = paths.flatMap((one, at) => paths.slice(at + 1).map((other) => [one, other])).find(([one, other]) => mayMeet(one, other));
  if (!clash) return undefined;
  const mend = 'leave out the narrower one';
  return { prop, given: `'${clash[0]}' and '${clash[1]}'`, allowed: 'patterns of which no path matches two', mend };
}

function nameProblem({ apiName, domain }: PaymentsEdgeProps): PropProblem | undefined {
  const name = domain?.name;
  if (name === undefined || Token.isUnresolved(name)) return undefined;
  const allowed = "a single name below no asterisk, and another one than the API's";
  if (name.includes('*')) {
    return { prop: 'domain.name', given: `'${name}'`, allowed, mend: 'write the one name out: an asterisk would cover the API too' };
  }
  if (name === apiName) {
    const mend = 'give the edge a name of its own: it would ask itself for the API otherwise';
    return { prop: 'domain.name', given: `'${name}', which is the API's`, allowed, mend };
  }
  return zoneProblem(name, domain!);
}

function zoneProblem(name: string, { hostedZone }: EdgeDomainProps): PropProblem | undefined {
  const zone = hostedZone?.zoneName.replace(/\.$/, '');
  if (zone === undefined || Token.isUnresolved(zone) || name === zone || name.endsWith(`.${zone}`)) return undefined;
  return {
    prop: 'domain.name',
    given: `'${name}'`,
    allowed: `the hosted zone's name '${zone}', or one below it`,
    mend: 'correct the name, or give the hosted zone that the name belongs to',
  };
}

function webAclProblem(arn: string | undefined): PropProblem | undefined {
  if (arn === undefined || Token.isUnresolved(arn)) return undefined;
  const [prefix, , service, place, , resource = ''] = arn.split(':');
  if (prefix === 'arn' && service === 'wafv2' && place === edgeRegion && resource.startsWith('global/webacl/')) return undefined;
  return {
    prop: 'webAclArn',
    given: `'${arn}'`,
    allowed: `the ARN of a web ACL for CloudFront, arn:aws:wafv2:${edgeRegion}:ACCOUNT:global/webacl/NAME/ID`,
    mend: `make the web ACL with scope CLOUDFRONT in ${edgeRegion}`,
  };
}
