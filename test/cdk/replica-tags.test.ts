import { Stack, Tags } from 'aws-cdk-lib';
import { CfnParameter } from 'aws-cdk-lib/core';
import { homeRegions, newApp, newStack, regions } from './stacks';
import { HomeAuthorityTable, IdempotentLedgerTable } from '../../src/index';
import { readTracked, trackedFiles } from '../project/tracked-files';

type Given = Readonly<Record<string, string>>;

const tables: Readonly<Record<string, (stack: Stack, tags?: Given) => unknown>> = {
  IdempotentLedgerTable: (stack, tags) => new IdempotentLedgerTable(stack, 'Table', { systemName: 'acme-pay', regions, tags }),
  HomeAuthorityTable: (stack, tags) => new HomeAuthorityTable(stack, 'Table', { systemName: 'acme-pay', regions: homeRegions, tags }),
};

const many = (count: number, prefix = 'tag'): Given => Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}-${n}`, '']));

test('all that tag replicas are in this file', () => {
  const callers = trackedFiles().filter((file) => /^src\/.*\.ts$/.test(file) && /\breplicaTags\(this/.test(readTracked(file)));
  expect(callers).toHaveLength(Object.keys(tables).length);
  for (const file of callers) expect(readTracked(file)).toContain('keepReplicaTagsValid(this');
});

describe.each(Object.entries(tables))('%s', (_name, make) => {
  /** What the synthesis says of tags in the props, and of those of `Tags.of`. */
  const said = (own: Given, byAspect: Given = {}): string => {
    const app = newApp();
    const stack = newStack('us-east-1', app);
    make(stack, own);
    for (const [key, value] of Object.entries(byAspect)) Tags.of(stack.node.findChild('Table')).add(key, value);
    try {
      app.synth();
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each([
    ['aws:team', 'payments'],
    ['AWS:team', 'payments'],
    ['team', 'aws:payments'],
  ])('refuses the tag %s=%s, from the props and from Tags.of', (key, value) => {
    const message =
      `[Stack/Table] 'tags' is '${key}' with the value '${value}'; allowed: keys and values that do not begin with aws:, in any case of ` +
      'its letters: AWS keeps those for itself; fix: rename the tag';
    expect(said({ [key]: value })).toContain(message);
    expect(said({}, { [key]: value })).toContain(message);
  });

  test('refuses more than 50 tags, those of Tags.of and of the props together', () => {
    expect(said(many(50))).toBe('');
    expect(said(many(51))).toContain("'tags' is 51 with those of Tags.of; allowed: at most 50 on a replica of a table; fix: remove some");
    expect(said(many(30), many(21, 'more'))).toContain("'tags' is 51 with those of Tags.of");
    expect(said(many(30), many(30))).toBe('');
  });

  test('refuses keys and values that are too long, and an empty key', () => {
    expect(said({ ['k'.repeat(128)]: 'v'.repeat(256) })).toBe('');
    const wrong: readonly Given[] = [{ ['k'.repeat(129)]: '' }, { k: 'v'.repeat(257) }, { '': 'v' }];
    for (const tag of wrong) {
      expect(said(tag)).toContain('keys of 1 to 128 characters, and values of at most 256; fix: shorten it');
    }
  });

  test('takes a value that only the deployment knows', () => {
    const app = newApp();
    const stack = newStack('us-east-1', app);
    make(stack, { team: new CfnParameter(stack, 'Team', { default: 'x' }).valueAsString.repeat(20) });
    expect(() => app.synth()).not.toThrow();
  });
});
