import { api, Boards, dashboard, east, west } from './boards';
import type { GraphView, LineView } from '../../../local/dashboard/model';
import { foundBy, searchesIn } from '../../../local/dashboard/search';

const open: Boards[] = [];
afterEach(() => open.splice(0).forEach(({ dashboards }) => dashboards.close()));

function boardOf(metrics: readonly unknown[], properties: object = {}): Boards {
  const widget = {
    type: 'metric',
    x: 0,
    y: 0,
    width: 8,
    height: 6,
    properties: { title: 'T', period: 60, stat: 'Sum', metrics, ...properties },
  };
  const board = new Boards([dashboard({ widgets: [widget] }), api(east), api(west)]);
  open.push(board);
  return board;
}

function graphOf(board: Boards): GraphView {
  const [widget] = board.dashboards.look('pay-us-east-1')!.widgets;
  if (widget.kind !== 'graph') throw new Error(`a ${widget.kind}`);
  return widget;
}

const line = (board: Boards, label: string): LineView => graphOf(board).lines.find((one) => one.label === label)!;
const tail = ({ values }: LineView, points = 3): readonly (number | undefined)[] => values.slice(-points);

test('a metric has a point for each minute in which something was measured, and none for the others', () => {
  const board = boardOf([['Pay', 'Paid', { label: 'paid' }]]);
  board.put('Paid', 2, 4);
  board.put('Paid', 3, 4);
  board.put('Paid', 1, 2);
  expect(tail(line(board, 'paid'))).toEqual([5, undefined, 1]);
  expect(line(board, 'paid').values).toHaveLength(60);
});

test.each([
  ['Sum', 60],
  ['Average', 20],
  ['Minimum', 10],
  ['Maximum', 30],
  ['SampleCount', 3],
  ['p50', 20],
  ['p99', 30],
])('%s', (stat, expected) => {
  const board = boardOf([['Pay', 'Took', { label: 'took', stat }]]);
  [10, 20, 30].forEach((value) => board.put('Took', value));
  expect(tail(line(board, 'took'), 1)).toEqual([expected]);
});

test('a statistic that is not known here is said, not left at nothing', () => {
  expect(line(boardOf([['Pay', 'Took', { label: 'took', stat: 'tm90' }]]), 'took').absence).toEqual({
    kind: 'not computed',
    why: 'the statistic tm90 is not known here',
  });
});

test('a longer period has fewer points, which begin at the same moments whenever it is looked', () => {
  const board = boardOf([['Pay', 'Paid', { label: 'paid', period: 300 }]]);
  for (let minute = 2; minute < 12; minute += 1) board.put('Paid', 1, minute);
  const first = line(board, 'paid').values;
  expect(first).toHaveLength(12);
  expect(first.filter((value) => value !== undefined).reduce((a, b) => a + b, 0)).toBe(10);
  expect(first.slice(-3)).toContain(5);
  board.nowMs += 1_000;
  expect(line(board, 'paid').values.filter((value) => value === 5).length).toBeGreaterThan(0);
});

test('regions and dimensions tell metrics apart; dots stand for what the row before has', () => {
  const board = boardOf([
    ['Pay', 'Done', 'System', 'pay', 'Consumer', 'a', { label: 'east a', region: east }],
    ['...', 'b', { label: 'east b', region: east }],
    ['.', '.', '.', '.', '.', '.', { label: 'west b', region: west }],
  ]);
  board.put('Done', 1, 2, { System: 'pay', Consumer: 'a' });
  board.put('Done', 2, 2, { System: 'pay', Consumer: 'b' });
  board.put('Done', 3, 2, { System: 'pay', Consumer: 'b' }, west);
  expect(graphOf(board).lines.map((one) => [one.label, one.region, ...tail(one, 1)])).toEqual([
    ['east a', east, 1],
    ['east b', east, 2],
    ['west b', west, 3],
  ]);
});

describe('metric math', () => {
  const share = [
    [{ expression: '100 * calls0 / (calls0 + calls1)', label: 'east' }],
    [{ expression: '100 * calls1 / (calls0 + calls1)', label: 'west' }],
    [{ expression: 'FILL(a0, 0) + FILL(b0, 0)', id: 'calls0', visible: false }],
    [{ expression: 'FILL(a1, 0)', id: 'calls1', visible: false }],
    ['Pay', 'A', { id: 'a0', visible: false }],
    ['Pay', 'B', { id: 'b0', visible: false }],
    ['Pay', 'A', { id: 'a1', visible: false, region: west }],
  ];

  test('expressions on expressions; what only feeds them is not drawn, and their region is that of the first metric that they name', () => {
    const board = boardOf(share);
    board.put('A', 1);
    board.put('B', 2);
    board.put('A', 9, 2, {}, west);
    expect(graphOf(board).lines.map(({ label, region }) => [label, region])).toEqual([
      ['east', east],
      ['west', west],
    ]);
    expect(tail(line(board, 'east'), 2)).toEqual([undefined, 25]);
  });

  test('one that needs a metric which nothing here emits says so, though it could be filled', () => {
    const board = boardOf([
      [{ expression: 'FILL(reads, 0) + FILL(paid, 0)', label: 'sum' }],
      ['AWS/DynamoDB', 'ReadThrottleEvents', 'TableName', 't', { id: 'reads', visible: false }],
      ['Pay', 'Paid', { id: 'paid', label: 'paid' }],
    ]);
    board.put('Paid', 1);
    expect(line(board, 'sum')).toMatchObject({
      values: [],
      absence: { kind: 'not emitted', metrics: ['AWS/DynamoDB ReadThrottleEvents'] },
    });
    expect(tail(line(board, 'paid'), 1)).toEqual([1]);
  });

  test.each([
    ['RATE(paid)', 'the function RATE with 1 arguments is not known in metric math here'],
    ['gone + 1', "'gone' is not a name among these queries"],
    ['a', "the expression 'a' uses itself"],
  ])('%s is refused with its reason', (expression, why) => {
    const board = boardOf([[{ expression, label: 'e', id: 'a' }], ['Pay', 'Paid', { id: 'paid', visible: false }]]);
    expect(line(board, 'e').absence).toEqual({ kind: 'not computed', why });
  });

  test('METRICS() has every metric, drawn or not', () => {
    const board = boardOf([
      [{ expression: 'SUM(METRICS())', label: 'all' }],
      ['Pay', 'A', { id: 'a' }],
      ['Pay', 'B', { id: 'b', visible: false }],
    ]);
    board.put('A', 1);
    board.put('B', 2);
    expect(tail(line(board, 'all'), 1)).toEqual([3]);
  });
});

describe('SEARCH', () => {
  const done = (consumer: string, region = east) => ({
    region,
    namespace: 'Pay',
    name: 'EventsConsumed',
    dimensions: { System: 'pay', Consumer: consumer },
  });
  const all = [
    done('recorder'),
    done('mailer'),
    done('recorder', west),
    { ...done('x'), name: 'EventsDiscarded', dimensions: { System: 'pay' } },
  ];
  const finds = (text: string, region = east): string[] =>
    foundBy(searchesIn(`SEARCH('${text}', 'Sum')`)[0], region, all).map(({ name, dimensions }) => `${name} ${dimensions.Consumer ?? '-'}`);

  test.each([
    ['{Pay,System,Consumer} MetricName="EventsConsumed"', ['EventsConsumed mailer', 'EventsConsumed recorder']],
    ['{Pay,Consumer,System} Consumer=recorder', ['EventsConsumed recorder']],
    ['{Pay,System} MetricName=EventsDiscarded AND System="pay"', ['EventsDiscarded -']],
    ['{Pay,System} MetricName="EventsConsumed"', []],
    ['{Other,System} pay', []],
    ['mailer', ['EventsConsumed mailer']],
    ['consumed', ['EventsConsumed mailer', 'EventsConsumed recorder']],
    ['"consumed"', []],
    ['consume', []],
  ])('%s', (text, expected) => {
    expect(finds(text)).toEqual(expected);
  });

  test.each(['{Pay,System} a OR b', '{Pay} NOT a', '(a b)', '{Pay a'])('%s is refused', (text) => {
    expect(() => finds(text)).toThrow('is not understood here');
  });

  test('each metric that is found is a line of its own, by the names of its dimensions', () => {
    const board = boardOf([
      [{ expression: "SEARCH('{Pay,System,Consumer} MetricName=\"EventsConsumed\"', 'Sum', 60)", label: 'done', region: east }],
    ]);
    board.put('EventsConsumed', 4, 2, { System: 'pay', Consumer: 'recorder' });
    board.put('EventsConsumed', 5, 2, { System: 'pay', Consumer: 'mailer' });
    expect(graphOf(board).lines.map((one) => [one.label, ...tail(one, 1)])).toEqual([
      ['done mailer pay EventsConsumed', 5],
      ['done recorder pay EventsConsumed', 4],
    ]);
  });

  test('and goes into an expression with all that it finds', () => {
    const board = boardOf([[{ expression: "SUM(SEARCH('{Pay,Consumer} done', 'Sum', 60))", label: 'sum' }]]);
    board.put('Done', 4, 2, { Consumer: 'a' });
    board.put('Done', 5, 2, { Consumer: 'b' });
    expect(tail(line(board, 'sum'), 1)).toEqual([9]);
  });
});

test('what the API answers is measured while somebody looks, from the first look on, and forgotten afterwards', () => {
  jest.useFakeTimers();
  const board = boardOf([
    ['AWS/ApiGateway', 'Count', 'ApiName', 'pay-payments', 'Stage', 'live', { label: 'calls' }],
    ['AWS/ApiGateway', '5XXError', 'ApiName', 'pay-payments', 'Stage', 'live', { label: 'errors' }],
    ['AWS/ApiGateway', 'Latency', 'ApiName', 'pay-payments', 'Stage', 'live', { label: 'p99', stat: 'p99' }],
    ['AWS/DynamoDB', 'SuccessfulRequestLatency', 'TableName', 'pay-ledger', 'Operation', 'UpdateItem', { label: 'write', stat: 'Average' }],
  ]);
  const last = (label: string) => tail(line(board, label), 1)[0];
  const pass = (status?: number) => {
    board.measures.answered({ region: east, status, tookMs: 40 });
    board.measures.called({
      region: east,
      operation: 'UpdateItem',
      body: Buffer.from(JSON.stringify({ TableName: 'arn:aws:dynamodb:us-east-1:0:table/pay-ledger' })),
      status: 200,
      tookMs: 12,
    });
    board.nowMs += 2_000;
  };
  pass(200);
  expect(last('calls')).toBeUndefined();
  pass(200);
  expect([last('calls'), last('errors'), last('p99'), last('write')]).toEqual([1, 0, 40, 12]);
  pass(503);
  expect([last('calls'), last('errors')]).toEqual([1, 1]);
  pass(undefined);
  expect(last('calls')).toBeUndefined();
  pass(200);
  jest.advanceTimersByTime(200_000);
  expect(last('calls')).toBeUndefined();
  jest.useRealTimers();
});

test('queues of a dashboard are counted, and its metrics kept, from the first look on', () => {
  const board = boardOf([['AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'QueueName', 'q', { region: west, label: 'q' }]]);
  expect(board.counted).toEqual([]);
  graphOf(board);
  graphOf(board);
  expect(board.counted).toHaveLength(1);
  expect(board.counted[0]).toMatchObject({ region: west, namespace: 'AWS/SQS', dimensions: { QueueName: 'q' } });
});

test('single values, stacks, axes and thresholds are as the widget has them; other kinds are named', () => {
  const board = new Boards([
    dashboard({
      widgets: [
        { type: 'metric', y: 9, properties: { view: 'singleValue', metrics: [['Pay', 'A']], title: 'One' } },
        { type: 'text', y: 0, width: 24, properties: { markdown: '# Hello' } },
        {
          type: 'metric',
          y: 5,
          properties: {
            stacked: true,
            metrics: [['Pay', 'A', { yAxis: 'right' }]],
            yAxis: { left: { min: 0, max: 100, label: 'percent' } },
            annotations: { horizontal: [{ value: 5, label: 'most' }] },
          },
        },
        { type: 'alarm', y: 10, properties: { alarms: ['arn:aws:cloudwatch:us-east-1:0:alarm:a', 'arn:aws:cloudwatch:::b'] } },
        { type: 'metric', y: 11, properties: { view: 'pie', metrics: [['Pay', 'A']] } },
        { type: 'log', y: 12, properties: { query: 'x' } },
      ],
    }),
  ]);
  open.push(board);
  board.alarms.set('a', 'ALARM');
  expect(board.dashboards.look('pay-us-east-1')!.widgets).toMatchObject([
    { kind: 'text', markdown: '# Hello', width: 24 },
    {
      kind: 'graph',
      shape: 'stacked',
      left: { min: 0, max: 100, label: 'percent' },
      lines: [{ side: 'right', label: 'A' }],
      thresholds: [{ value: 5, label: 'most', side: 'left' }],
    },
    { kind: 'graph', shape: 'figures', title: 'One' },
    {
      kind: 'alarms',
      alarms: [
        { name: 'a', region: east, state: 'ALARM' },
        { name: 'arn:aws:cloudwatch:::b', region: east, state: 'UNKNOWN' },
      ],
    },
    { kind: 'other', type: 'metric pie' },
    { kind: 'other', type: 'log' },
  ]);
});

test('a dashboard that is not there is none, and a body that is no JSON has no widgets', () => {
  const board = new Boards([dashboard('{', 'broken')]);
  open.push(board);
  expect(board.dashboards.list()).toEqual([{ name: 'broken', region: east }]);
  expect(board.dashboards.look('broken')!.widgets).toEqual([]);
  expect(board.dashboards.look('gone')).toBeUndefined();
});
