import { recordRequest } from '../../src/api/functions/http-ports.aws';
import type { RequestRecord } from '../../src/api/http.contract';
import { faultRecord, Telemetry } from '../../src/runtime/telemetry';

const request: RequestRecord = {
  method: 'POST',
  route: '/api/v1/payments',
  status: 201,
  latencyMs: 12,
  traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64',
  tenant: 'acme',
  paymentId: 'pay_x',
  events: {},
};

function lines(work: (telemetry: Telemetry) => void): Record<string, any>[] {
  const written: string[] = [];
  work(new Telemetry({ systemName: 'acme-pay', region: 'us-east-1', service: 'payments', write: (line) => written.push(line) }));
  return written.map((line) => JSON.parse(line) as Record<string, any>);
}

test('a request is one line', () => {
  const written = lines((telemetry) => {
    recordRequest(telemetry, request);
    recordRequest(telemetry, { ...request, status: 422, code: 'idempotency_key_reused' });
  });
  expect(written).toHaveLength(2);
  expect(written[0]).toMatchObject({
    level: 'INFO',
    service: 'payments',
    system: 'acme-pay',
    region: 'us-east-1',
    method: 'POST',
    route: '/api/v1/payments',
    status: 201,
    latencyMs: 12,
    traceId: request.traceId,
    tenant: 'acme',
    paymentId: 'pay_x',
    conflicts: 0,
    throttles: 0,
    takeovers: 0,
  });
  expect(written[0]).not.toHaveProperty('_aws');
  expect(written[1]).toMatchObject({ code: 'idempotency_key_reused' });
});

test('the line carries the metrics, in exactly the dimensions that alarms look for', () => {
  const [line, next] = lines((telemetry) => {
    recordRequest(telemetry, {
      ...request,
      became: 'authorised',
      events: { writeConflict: 3, takeover: 1, throttle: 2, unknownOutcome: 1 },
    });
    recordRequest(telemetry, request);
  });
  expect(line).toMatchObject({
    System: 'acme-pay',
    Region: 'us-east-1',
    ReplicatedWriteConflicts: 3,
    InFlightTakeovers: 1,
    LedgerThrottles: 2,
    OutcomeUnknown: 1,
    PaymentsAuthorised: 1,
  });
  const [directive] = line._aws.CloudWatchMetrics;
  expect(directive).toMatchObject({ Namespace: 'MultiRegionPayments', Dimensions: [['System', 'Region']] });
  expect(directive.Metrics.map((metric: any) => metric.Name).sort()).toEqual([
    'InFlightTakeovers',
    'LedgerThrottles',
    'OutcomeUnknown',
    'PaymentsAuthorised',
    'ReplicatedWriteConflicts',
  ]);
  expect(next).not.toHaveProperty('_aws');
});

test.each<[Partial<RequestRecord>, object]>([
  [{ became: 'declined' }, { PaymentsDeclined: 1 }],
  [
    { became: 'authorised', decidedHere: true },
    { PaymentsAuthorised: 1, PaymentsDecided: 1 },
  ],
  [{ became: 'replayed' }, { AnswersReplayed: 1 }],
  [{ became: 'inFlight', status: 409 }, { RequestsInFlight: 1 }],
  [{ status: 503, code: 'outcome_unknown' }, { ApiFaults: 1 }],
  [{ status: 503, route: '/health' }, { UnhealthyAnswers: 1 }],
  [{ status: 200, route: '/health' }, { UnhealthyAnswers: 0 }],
])('%j is counted', (change, metrics) => {
  const [line] = lines((telemetry) => recordRequest(telemetry, { ...request, ...change }));
  expect(line).toMatchObject(metrics);
  expect(line._aws.CloudWatchMetrics[0].Metrics).toHaveLength(Object.keys(metrics).length);
});

test('what was thrown is an error in the same line, with its stack', () => {
  const written = lines((telemetry) => recordRequest(telemetry, { ...request, status: 503, thrown: new TypeError('x is not a function') }));
  expect(written).toHaveLength(1);
  expect(written[0]).toMatchObject({
    level: 'ERROR',
    fault: { name: 'TypeError', message: 'x is not a function', stack: expect.stringContaining('telemetry.test') },
  });
});

test('anything can be thrown', () => {
  expect(faultRecord('no')).toEqual({ name: 'string', message: 'no' });
});
