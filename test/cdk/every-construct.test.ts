import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { everyInterface, regionFor } from './every-interface';
import { account, newApp } from './stacks';
import { placeRules } from '../../src/cdk/checks/places';
import * as lib from '../../src/index';

type Check = 'checkNames' | 'checkLiterals' | 'checkPlaces' | 'declareOnce';

/** On which construct each check of the list was called. */
const mockCalled: Record<string, Set<unknown>> = {};
function mockRecording(actual: Record<string, any>, name: string): Record<string, unknown> {
  return {
    ...actual,
    [name]: (...args: unknown[]): unknown => {
      (mockCalled[name] ??= new Set()).add(args[0]);
      return actual[name](...args) as unknown;
    },
  };
}
jest.mock('../../src/cdk/checks/name-limits', () => mockRecording(jest.requireActual('../../src/cdk/checks/name-limits'), 'checkNames'));
jest.mock('../../src/cdk/checks/literals', () => mockRecording(jest.requireActual('../../src/cdk/checks/literals'), 'checkLiterals'));
jest.mock('../../src/cdk/checks/places', () => mockRecording(jest.requireActual('../../src/cdk/checks/places'), 'checkPlaces'));
jest.mock('../../src/cdk/checks/one-of-a-kind', () =>
  mockRecording(jest.requireActual('../../src/cdk/checks/one-of-a-kind'), 'declareOnce'),
);

/** Checks that do not apply, each with its reason. */
const exempt: Readonly<Record<string, Partial<Record<Check, string>>>> = {
  ActiveActivePaymentsApi: {
    declareOnce: 'two APIs may stand on one ledger, for two kinds of callers; what has a name is found by checkNames',
  },
  ApprovalTask: { checkNames: 'a state of a machine: it makes no resource', declareOnce: 'a gate has as many as it is asked for' },
};

const classes = Object.entries(lib)
  .filter(([, value]) => typeof value === 'function' && (value as { prototype?: unknown }).prototype instanceof Construct)
  .map(([name]) => name);

/** The construct of a class in a stack that is right for it. */
function made(name: string): Construct {
  const stack = new Stack(newApp(), 'Own', { env: { account, region: regionFor(`${name}Props`) } });
  everyInterface[`${name}Props`](stack, {});
  return stack.node.findAll().find((one) => one.constructor.name === name)!;
}

const checks: readonly Check[] = ['checkNames', 'checkLiterals', 'checkPlaces', 'declareOnce'];
const takesResources = (name: string): boolean => Object.keys(placeRules).some((prop) => prop.startsWith(`${name}Props.`));

test('the exported surface has constructs, and nothing exempt is gone', () => {
  expect(classes.length).toBeGreaterThan(10);
  expect(Object.keys(exempt).filter((name) => !classes.includes(name))).toEqual([]);
});

test.each(classes)('%s goes through the common list: names, tokens, places of what it is given, one of a kind', (name) => {
  for (const known of Object.values(mockCalled)) known.clear();
  const construct = made(name);
  const skipped = checks.filter(
    (check) =>
      exempt[name]?.[check] === undefined && (check !== 'checkPlaces' || takesResources(name)) && !mockCalled[check]?.has(construct),
  );
  expect(skipped).toEqual([]);
});
