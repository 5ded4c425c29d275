import { fromTraceparent } from '../../src/kernel/trace';
import { traceIdOf, traceOf } from '../../src/runtime/trace';

const root = '1-5f2330a4-6a0de1cd0e17c0508d386a64';
const other = '1-00000001-000000000000000000000001';
const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const now = Date.UTC(2026, 10, 21);

test.each<[string, Parameters<typeof traceIdOf>[0], string]>([
  ['the header', { header: `Root=${root}`, traceparent: parent, invocation: `Root=${other}` }, root],
  ["the header's root among other parts", { header: `Self=1-2-3;Root=${root};Parent=53995c3f42cd8ad8;Sampled=1` }, root],
  ['a header in capitals', { header: `Root=${root.toUpperCase()}` }, root],
  ['the W3C header', { traceparent: parent, invocation: `Root=${other}` }, '1-4bf92f35-77b34da6a3ce929d0e0e4736'],
  ['the invocation', { header: 'Root=nonsense', traceparent: 'nonsense', invocation: `Root=${other};Sampled=0` }, other],
])('is taken from %s', (_, sources, traceId) => {
  expect(traceIdOf(sources, now)).toBe(traceId);
});

test.each([
  undefined,
  '',
  'Root=',
  'Root=1-5f2330a4-6a0de1cd0e17c0508d386a64ff',
  `XRoot=${root}`,
  'Root=1-zzzzzzzz-6a0de1cd0e17c0508d386a64',
  `Root=${'1'.repeat(5000)}`,
])('is new when the header is %j', (header) => {
  const traceId = traceIdOf({ header, traceparent: '00-00000000000000000000000000000000-0000000000000000-00' }, now);
  expect(traceId).toMatch(/^1-6[0-9a-f]{7}-[0-9a-f]{24}$/);
  expect(parseInt(traceId.slice(2, 10), 16)).toBe(now / 1000);
});

const parentId = '53995c3f42cd8ad8';
const lambda = `Root=${root};Parent=aaaaaaaaaaaaaaaa;Sampled=1`;
test.each<[string, Parameters<typeof traceOf>[0], object]>([
  [
    "the caller's own decision and parent",
    { header: `Root=${other};Parent=${parentId};Sampled=0`, invocation: lambda },
    { traceId: other, parentId, sampled: false },
  ],
  ["Lambda's decision where the caller has taken none", { header: `Root=${other}`, invocation: lambda }, { traceId: other, sampled: true }],
  [
    "Lambda's decision and parent in one trace",
    { header: `Root=${root};Parent=${parentId};Sampled=0`, invocation: lambda },
    { traceId: root, parentId: 'aaaaaaaaaaaaaaaa', sampled: true },
  ],
  [
    "W3C's",
    { traceparent: parent, invocation: lambda },
    { traceId: '1-4bf92f35-77b34da6a3ce929d0e0e4736', parentId: '00f067aa0ba902b7', sampled: true },
  ],
  ["nobody's", { header: `Root=${other}` }, { traceId: other, sampled: false }],
])('a request is recorded by %s', (_, sources, context) => {
  expect(traceOf(sources, now)).toEqual(context);
});

const ids = '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7';
test.each([
  [`00-${ids}-01`, true],
  [`00-${ids}-00`, true],
  [`00-${ids}-ff`, true],
  // A later version is read as far as it is known.
  [`01-${ids}-01`, true],
  [`cc-${ids}-01`, true],
  [`cc-${ids}-01-what-the-future-will-be-like`, true],
  [`fe-${ids}-01-`, true],
  // The first version ends with its flags, and the last one is nobody's.
  [`00-${ids}-01-`, false],
  [`00-${ids}-01-more`, false],
  [`00-${ids}-01\n`, false],
  [`ff-${ids}-01`, false],
  [`ff-${ids}-01-more`, false],
  [`cc-${ids}-01.more`, false],
  [`cc-${ids}-011`, false],
  [`00-${ids}`, false],
  [`00-${ids}-1`, false],
  [`0-${ids}-01`, false],
  [`000-${ids}-01`, false],
  ['', false],
  [`00-${ids}-01`.toUpperCase(), false],
  [`00-${ids}-0A`, false],
  [`CC-${ids}-01`, false],
  [`.0-${ids}-01`, false],
  ['00-00000000000000000000000000000000-00f067aa0ba902b7-01', false],
  ['00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01', false],
  ['cc-00000000000000000000000000000000-00f067aa0ba902b7-01', false],
])('the traceparent %j is one: %j', (traceparent, isOne) => {
  expect(fromTraceparent(traceparent)).toEqual(
    isOne ? expect.objectContaining({ traceId: '1-4bf92f35-77b34da6a3ce929d0e0e4736', parentId: '00f067aa0ba902b7' }) : undefined,
  );
});
