import { App, Stack } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { newStack, stubContext } from './stacks';
import { configOf as migrationOf } from '../../examples/migration/config';
import { defineMigration } from '../../examples/migration/stacks';
import { regionPlaces } from '../../local/ground/region-places';
import { checkNames } from '../../src/cdk/checks/name-limits';
import { AccountHomes, CrossRegionEventMesh, LedgerKey, PaymentRegions } from '../../src/index';

/** The longest name that `systemName` may have. */
const longest = `a${'b'.repeat(39)}`;
const problems = (scope: Construct): string[] => scope.node.findAll().flatMap((construct) => construct.node.validate());

test(
  'the longest system name gives names that every service takes, for every region name in use, or is refused with the length ' +
    'that is allowed',
  () => {
    // Partitions beside the commercial one have longer names.
    const regions = [...Object.keys(regionPlaces), 'us-isob-east-1', 'eusc-de-east-1', 'us-gov-west-1', 'cn-northwest-1'];
    const refused = regions.filter((region) => {
      const other = region === 'ap-northeast-1' ? 'ap-southeast-1' : 'ap-northeast-1';
      const stack = newStack(region);
      new LedgerKey(stack, 'Key', {
        systemName: longest,
        regions: PaymentRegions.homeRegion({ replicas: [region, other], homes: AccountHomes.oneRegion(region) }),
      });
      try {
        new CrossRegionEventMesh(stack, 'Mesh', { systemName: longest, regions: [region, other] });
      } catch (error) {
        expect((error as Error).message).toMatch(/'systemName' is 'ab+'; allowed: 3\d characters with these regions/);
        return true;
      }
      expect(problems(stack)).toEqual([]);
      return false;
    });
    expect(refused.length).toBeLessThan(regions.length / 4);
  },
);

test('the whole of both examples has names that every service takes under the longest system name that their gate takes', () => {
  const systemName = longest.slice(0, 40 - '-approvals'.length);
  const app = new App({ context: stubContext() });
  const migration = migrationOf('FULL');
  const [source, target] = ['ap-northeast-1', 'ap-southeast-2'];
  const regions = PaymentRegions.homeRegion({ replicas: [source, target], homes: AccountHomes.oneRegion(source) });
  defineMigration(app, { ...migration, source, target, system: { ...migration.system, systemName, regions, ledgerRegion: source } });
  expect(problems(app)).toEqual([]);
});

test.each(['aws-pay', 'ssmpay'])('the system name %s is refused: Parameter Store takes no name that begins so', (systemName) => {
  const regions = PaymentRegions.homeRegion({ replicas: ['us-east-1', 'eu-central-1'] });
  expect(() => new LedgerKey(newStack(), 'Key', { systemName, regions })).toThrow(
    `[Stack/Key] 'systemName' is '${systemName}'; allowed: 3 to 40 lower-case letters, digits and hyphens`,
  );
});

describe('a name that its service does not take', () => {
  function checkedStack(define: (scope: Construct) => void): string[] {
    const stack: Stack = newStack();
    const scope = new Construct(stack, 'Part');
    define(scope);
    checkNames(scope);
    checkNames(scope);
    return problems(stack);
  }

  test('is told with its path, its length and what is allowed, once', () => {
    const name = 'r'.repeat(65);
    expect(checkedStack((scope) => new CfnRule(scope, 'Rule', { name, eventPattern: {} }))).toEqual([
      `[Stack/Part/Rule] 'Name' is '${name}' (65 characters); allowed: for AWS::Events::Rule at most 64 characters: letters, ` +
        `digits, dots, hyphens and underscores; fix: choose another systemName, or a shorter name where the construct takes one`,
    ]);
  });

  test('is seen in what an escape hatch put into the template', () => {
    expect(
      checkedStack((scope) => new CfnRule(scope, 'Rule', { name: 'fine', eventPattern: {} }).addPropertyOverride('Name', 'not fine')),
    ).toEqual([expect.stringContaining("'Name' is 'not fine'")]);
  });

  test.each(['/aws/x', 'ssm.x', '/SSM/x', `/${'a/'.repeat(15)}a`])('as a parameter: %s', (name) => {
    expect(checkedStack((scope) => new CfnParameter(scope, 'Parameter', { name, type: 'String', value: 'x' }))).toHaveLength(1);
  });

  test('is not sought where CloudFormation makes it', () => {
    expect(
      checkedStack((scope) => {
        new CfnParameter(scope, 'Parameter', { type: 'String', value: 'x' });
        new CfnParameter(scope, 'Own', { name: `/${Stack.of(scope).stackId}`, type: 'String', value: 'x' });
      }),
    ).toEqual([]);
  });
});
