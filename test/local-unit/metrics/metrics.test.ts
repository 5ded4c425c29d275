import { embeddedSamples } from '../../../local/metrics/embedded';
import { MetricStore } from '../../../local/metrics/store';

const line = (change: object = {}) =>
  JSON.stringify({
    _aws: {
      Timestamp: 1000,
      CloudWatchMetrics: [
        { Namespace: 'N', Dimensions: [['Table'], ['Table', 'Peer']], Metrics: [{ Name: 'Late', Unit: 'Milliseconds' }] },
      ],
    },
    Table: 't',
    Peer: 'us-west-2',
    Late: 5,
    ...change,
  });

test('a line in the embedded format gives a sample for each set of dimensions', () => {
  expect(embeddedSamples(`2026-01-01T00:00:00Z\tid\tINFO\t${line()}`, 7)).toEqual([
    { namespace: 'N', name: 'Late', values: [5], at: 1000, dimensions: { Table: 't' } },
    { namespace: 'N', name: 'Late', values: [5], at: 1000, dimensions: { Table: 't', Peer: 'us-west-2' } },
  ]);
  expect(embeddedSamples(line({ Late: [1, 2] }), 7)[0].values).toEqual([1, 2]);
});

test.each(['', 'plain text', '{"a":1}', '{"CloudWatchMetrics"', line({ Late: 'x' }), line({ _aws: { CloudWatchMetrics: 'x' } })])(
  'no samples in: %.60s',
  (text) => {
    expect(embeddedSamples(text, 7)).toEqual([]);
  },
);

test('a set of dimensions of which one has no value is left out', () => {
  expect(embeddedSamples(line({ Peer: undefined }), 7).map(({ dimensions }) => dimensions)).toEqual([{ Table: 't' }]);
});

test('only metrics that somebody wants are kept, by region and dimensions, and as long as they are wanted', () => {
  const store = new MetricStore();
  const metric = { region: 'a', namespace: 'N', name: 'M', dimensions: { x: '1', y: '2' } };
  store.put(metric, 1, 0);
  store.want(metric, 1000);
  for (let at = 0; at < 2000; at++) store.put({ ...metric, dimensions: { y: '2', x: '1' } }, at, at);
  store.put({ ...metric, region: 'b' }, 1, 5);
  expect(store.values(metric, 1990, 1993)).toEqual([1990, 1991, 1992]);
  expect(store.values(metric, 0, 400)).toEqual([]);
  expect(store.values({ ...metric, region: 'b' }, 0, 10)).toEqual([]);
});
