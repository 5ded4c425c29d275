import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { apiBundles } from '../../src/api/contract';
import { gateBundles } from '../../src/approvals/contract';
import { stuckBundle } from '../../src/approvals/stuck/contract';
import { canaryBundle } from '../../src/canary/contract';
import { assetsContextKey } from '../../src/cdk/bundled-function';
import { cutoverBundles } from '../../src/cutover/contract';
import { drillBundles } from '../../src/drill/contract';
import { meshBundles, outboxBundles } from '../../src/events/contract';
import { PaymentRegions } from '../../src/index';
import { ledgerBundles } from '../../src/ledger/contract';

export const account = '111122223333';
export const regions = PaymentRegions.strong({ replicas: ['us-east-1', 'us-west-2'], witness: 'us-east-2' });
export const homeRegions = PaymentRegions.homeRegion({ replicas: ['us-east-1', 'eu-central-1'] });

/** Bundles that hold nothing, made once for a run of the tests: construct tests do not wait for the handlers. */
function stubAssets(): string {
  const stubs = path.join(tmpdir(), 'stub-assets');
  if (existsSync(stubs)) return stubs;
  const bundles = [
    ...Object.values(apiBundles),
    ...Object.values(ledgerBundles),
    ...Object.values(meshBundles),
    ...Object.values(outboxBundles),
    ...Object.values(gateBundles),
    ...Object.values(cutoverBundles),
    ...Object.values(drillBundles),
    stuckBundle,
    canaryBundle,
  ];
  // Made beside its place and moved there: another test that starts meanwhile never sees half of it.
  const draft = mkdtempSync(`${stubs}-`);
  for (const bundle of bundles) {
    mkdirSync(path.join(draft, bundle), { recursive: true });
    writeFileSync(path.join(draft, bundle, 'index.js'), `exports.handler = async () => '${bundle}';\n`);
  }
  try {
    renameSync(draft, stubs);
  } catch {
    rmSync(draft, { recursive: true }); // the other test was first
  }
  return stubs;
}

/** Context that makes functions of stubs, without a copy of each in every assembly. */
export function stubContext(): Record<string, unknown> {
  return { [assetsContextKey]: stubAssets(), 'aws:cdk:disable-asset-staging': true };
}

export function newApp(): App {
  return new App({ context: stubContext(), treeMetadata: false });
}

export function newStack(region: string | undefined = 'us-east-1', app = newApp()): Stack {
  return new Stack(app, 'Stack', { env: { account, region } });
}

/** The statements of each role of a template, by the logical ID's stem, without what every function has (its log, X-Ray). */
export function statementsByRole(template: Template): Record<string, unknown[]> {
  const roles: Record<string, unknown[]> = {};
  for (const policy of Object.values(template.findResources('AWS::IAM::Policy'))) {
    const properties = policy.Properties as { Roles: { Ref: string }[]; PolicyDocument: { Statement: { Action: string | string[] }[] } };
    for (const role of properties.Roles) {
      const own = properties.PolicyDocument.Statement.filter(({ Action }) => !/^(logs|xray):/.test([Action].flat()[0]));
      roles[role.Ref.replace(/Role[0-9A-F]{8}$/, '')] = [...(roles[role.Ref] ?? []), ...own];
    }
  }
  return roles;
}

/** Joins what the template joins, so that an ARN reads as one string. */
export function plain<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (_key, part: unknown) => {
      const join = (part as { 'Fn::Join'?: [string, unknown[]] } | null)?.['Fn::Join'];
      return join
        ? join[1].map((piece) => (typeof piece === 'string' ? piece : `<${Object.values(piece as object)[0]}>`)).join(join[0])
        : part;
    }),
  ) as T;
}
