import { Stack } from 'aws-cdk-lib';
import { choose } from '../../../local/stepfunctions/choice';
import { foreignPart } from '../../../local/stepfunctions/definition';
import { fill, readPath, write } from '../../../local/stepfunctions/paths';
import { newStack } from '../../cdk/stacks';
import { cutoverIn, definitionOf } from '../../cutover/machine';

const data = { a: { b: [1, { c: 'x' }], 'odd name': 2 }, text: '{"n": 1}', n: 3 };
const context = { Execution: { Id: 'arn' } };

test.each([
  ['$', data],
  ['$.a.b[1].c', 'x'],
  ["$.a['odd name']", 2],
  ['$$.Execution.Id', 'arn'],
  ["States.Format('{} and {}, \\{\\}', $.a.b[1].c, $.a.b)", 'x and [1,{"c":"x"}], {}'],
  ['States.StringToJson($.text)', { n: 1 }],
  ['States.JsonToString($.a.b)', '[1,{"c":"x"}]'],
  ['States.MathAdd($.n, -1)', 2],
  ["States.ArrayLength(States.Array($.n, 'it\\'s', null))", 3],
  ['States.ArrayContains($.a.b, 1)', true],
])('%s', (path, expected) => {
  expect(readPath(path, data, context)).toEqual(expected);
});

test.each([
  ['$.none', 'States.ParameterPathFailure'],
  ['$.a.b[7]', 'States.ParameterPathFailure'],
  ["States.Format('{}')", 'States.IntrinsicFailure'],
  ['States.StringToJson($.a)', 'States.IntrinsicFailure'],
])('%s fails with %s', (path, error) => {
  expect(() => readPath(path, data, context)).toThrow(expect.objectContaining({ error }));
});

test('a template is filled in wherever a name ends in .$, and a result is put at its path', () => {
  expect(fill({ 'x.$': '$.n', list: [{ 'y.$': '$.a.b[0]' }], kept: '$.n' }, data, context)).toEqual({
    x: 3,
    list: [{ y: 1 }],
    kept: '$.n',
  });
  expect(write('$.a.new.deep', { a: { b: 1 } }, 2)).toEqual({ a: { b: 1, new: { deep: 2 } } });
  expect(write(null, { a: 1 }, 2)).toEqual({ a: 1 });
  expect(write(undefined, { a: 1 }, 2)).toBe(2);
});

test.each([
  [{ Variable: '$.n', NumericGreaterThan: 2 }, true],
  [{ Variable: '$.n', NumericLessThanPath: '$.a.b[0]' }, false],
  [{ Variable: '$.none', IsPresent: false }, true],
  [{ Not: { Variable: '$.n', NumericEquals: 3 } }, false],
  [
    {
      And: [
        { Variable: '$.n', IsNumeric: true },
        { Variable: '$.text', StringMatches: '{*1}' },
      ],
    },
    true,
  ],
  [
    {
      Or: [
        { Variable: '$.n', StringEquals: '3' },
        { Variable: '$.n', NumericEquals: 3 },
      ],
    },
    true,
  ],
])('rule %#', (rule, holds) => {
  expect(choose({ Choices: [{ ...rule, Next: 'yes' }], Default: 'no' }, data, context)).toBe(holds ? 'yes' : 'no');
});

test('what it is not made for is told by name', () => {
  const one = (state: object): string | undefined => foreignPart({ StartAt: 'One', States: { One: state } });
  expect(one({ Type: 'Map' })).toBe("state 'One' is of type Map");
  expect(one({ Type: 'Task', Resource: 'arn:aws:states:::sqs:sendMessage' })).toBe("state 'One' uses arn:aws:states:::sqs:sendMessage");
  expect(one({ Type: 'Pass', Parameters: { 'x.$': '$.a[?(@.b)]' } })).toBe("state 'One' uses the path $.a[?(@.b)]");
  expect(one({ Type: 'Pass', Parameters: { 'x.$': "States.Hash($.a, 'MD5')" } })).toBe("state 'One' uses the path States.Hash($.a, 'MD5')");
  expect(foreignPart({ QueryLanguage: 'JSONata', StartAt: 'One', States: { One: {} } })).toBe('it is written in JSONata');
});

test("the cutover's machine, with everything that it can have, is one that it runs", () => {
  const stack: Stack = newStack('eu-central-1');
  cutoverIn(stack, { endSourceRole: true });
  expect(foreignPart(definitionOf(stack))).toBeUndefined();
});
