import { createServer, IncomingMessage, Server, ServerResponse } from 'http';
import { DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import { decisionOfPayload, decisionPort, faultOf } from '../../src/ledger/aws';
import { ledgerFromEnvironment } from '../../src/ledger/functions/environment.aws';
import { toItem, toStored } from '../../src/ledger/items.aws';
import { Item } from '../../src/ledger/ports';
import { invoker } from '../../src/runtime/invoke';

const dynamoError = (name: string, httpStatusCode: number): Error =>
  new DynamoDBServiceException({ name, message: name, $fault: httpStatusCode < 500 ? 'client' : 'server', $metadata: { httpStatusCode } });

describe('what an error of DynamoDB says', () => {
  it.each([
    ['ReplicatedWriteConflictException', 400, 'conflict'],
    ['ProvisionedThroughputExceededException', 400, 'throttled'],
    ['ThrottlingException', 400, 'throttled'],
    ['InternalServerError', 500, 'unknown'],
    ['ServiceUnavailable', 503, 'unknown'],
    ['AccessDeniedException', 400, undefined],
    ['ValidationException', 400, undefined],
  ])('%s (%i): %s', (name, status, fault) => expect(faultOf(dynamoError(name, status))).toBe(fault));

  it('an item that is full: not applied, and worth another try, since it is trimmed', () => {
    const full = dynamoError('ValidationException', 400);
    full.message = 'Item size to update has exceeded the maximum allowed size';
    expect(faultOf(full)).toBe('throttled');
  });

  it.each([
    [Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }), 'unknown'],
    [Object.assign(new Error('slow'), { name: 'TimeoutError' }), 'unknown'],
    [new TypeError('x is not a function'), undefined],
    ['text', undefined],
  ])('%p: %s', (error, fault) => expect(faultOf(error)).toBe(fault));
});

describe('an item that is put', () => {
  const pk = 'k#AAAAAAAAAAAAAAAAAAAAAA@2';
  const turn = { id: 'x', amount: 5, at: 1, region: 'us-east-1' };
  it.each<[string, Item, boolean]>([
    ['owes its account a closure', { pk, kind: 'PAYMENT', closedBy: 'x', dueAt: 1_800_000_000_000 }, true],
    ['was dated again', { pk, kind: 'DATED_MOVE', entryAt: 1_800_000_000_000 }, true],
    ['has a turn that a refusal has taken', { pk, kind: 'PAYMENT', pending: { ...turn, refused: true } }, true],
    ['is a fence', { pk, kind: 'FENCE' }, true],
    ['has a turn of a refund', { pk, kind: 'PAYMENT', pending: turn }, false],
    ['is a claim', { pk, kind: 'PAYMENT' }, false],
    ['tells when its closure has come to the account', { pk, kind: 'MOVE', outcome: 'DONE', appliedAt: 1_800_000_000_000 }, false],
  ])('and %s: the version before fails on it, or reads it', (_, item, fails) => {
    const stored = toStored(item);
    expect(Object.values(stored).some((attribute) => attribute.NULL === true)).toBe(fails);
    expect(toItem(stored)).toEqual(item);
  });
});

describe("the team's answer", () => {
  it.each([
    ['{"decision":"approve"}', { kind: 'approve' }],
    ['{"decision":"decline","reason":"velocity_24h"}', { kind: 'decline', reason: 'velocity_24h' }],
    ['{"decision":"decline"}', { kind: 'unknown' }],
    ['{"decision":"decline","reason":"card_expired"}', { kind: 'decline', reason: 'card_expired' }],
    ['{"decision":"decline","reason":"expired"}', { kind: 'unknown' }],
    ['{"decision":"decline","reason":"No spaces, please"}', { kind: 'unknown' }],
    ['{"decision":"maybe"}', { kind: 'unknown' }],
    ['null', { kind: 'unknown' }],
    ['<html>', { kind: 'unknown' }],
  ])('%s', (payload, decision) => expect(decisionOfPayload(payload)).toEqual(decision));
});

describe("calling the team's function", () => {
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let endpoint: string;
  beforeAll((done) => {
    server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1', () => {
      endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
      done();
    });
  });
  afterAll((done) => {
    server.closeAllConnections();
    server.close(done);
  });

  const arn = 'arn:aws:lambda:us-east-1:111122223333:function:decide';
  const ask = (timeoutMs = 500) =>
    decisionPort(
      invoker({ region: 'us-east-1', credentials: () => Promise.resolve({ accessKeyId: 'AKID', secretAccessKey: 'secret' }), endpoint }),
      arn,
      () => 0,
    )({ paymentId: 'pay_1', tenant: 't', accountId: 'a', amount: 1, currency: 'EUR', traceId: '1-0-0', deadlineMs: timeoutMs });

  it('signs the call and sends the payment', async () => {
    const seen: { url?: string; authorization?: string; body: string } = { body: '' };
    answer = (request, response) => {
      seen.url = request.url;
      seen.authorization = request.headers.authorization;
      request.on('data', (chunk) => {
        seen.body += chunk;
      });
      request.on('end', () => response.end('{"decision":"approve"}'));
    };
    expect(await ask()).toEqual({ kind: 'approve' });
    expect(seen.url).toBe(`/2015-03-31/functions/${encodeURIComponent(arn)}/invocations`);
    expect(seen.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/us-east-1\/lambda\/aws4_request/);
    expect(JSON.parse(seen.body)).toMatchObject({ paymentId: 'pay_1', amount: 1 });
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['fails', (response) => response.setHeader('x-amz-function-error', 'Unhandled').end('{"decision":"approve"}')],
    ['is not allowed', (response) => response.writeHead(403).end('{}')],
    ['does not answer in time', () => undefined],
    ['breaks off', (response) => response.destroy()],
  ])('knows nothing when the function %s', async (_, how) => {
    answer = (request, response) => void request.resume().on('end', () => how(response));
    expect(await ask(200)).toEqual({ kind: 'unknown' });
  });

  it('does not call at all when the time is over', async () => {
    answer = () => {
      throw new Error('was called');
    };
    expect(await ask(0)).toEqual({ kind: 'unknown' });
  });
});

describe('the ledger from the environment', () => {
  const env = {
    AWS_REGION: 'us-east-1',
    PAYMENTS_SYSTEM_NAME: 's',
    LEDGER_TABLE_NAME: 't',
    LEDGER_CONSISTENCY_MODE: 'STRONG',
    LEDGER_TABLE_MODE: 'STRONG',
  };
  it('is made of what the construct wrote', () => expect(ledgerFromEnvironment(env)).toBeDefined());
  it('fails at init, in plain words, when something is missing or not served', () => {
    expect(() => ledgerFromEnvironment({ ...env, LEDGER_TABLE_NAME: undefined })).toThrow(
      'environment variable LEDGER_TABLE_NAME is missing',
    );
    expect(() => ledgerFromEnvironment({ ...env, LEDGER_CONSISTENCY_MODE: 'ANY' })).toThrow(
      "LEDGER_CONSISTENCY_MODE is 'ANY': it must be STRONG or HOME_REGION",
    );
    expect(() => ledgerFromEnvironment({ ...env, LEDGER_CONSISTENCY_MODE: 'HOME_REGION', LEDGER_TABLE_MODE: 'EVENTUAL' })).toThrow(
      "environment variable LEDGER_HOME is ''",
    );
  });
});
