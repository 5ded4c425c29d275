import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { CallRefused, CallUnanswered, jsonCall, signedCall } from '../../src/runtime/signed-call';

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Record<string, string>;
}

/** Answers in turn; the last one goes on. */
async function service(...answers: Answer[]): Promise<{ readonly seen: IncomingMessage[]; readonly server: Server }> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    const { status, text, headers } = answers[Math.min(seen.length, answers.length) - 1];
    response.writeHead(status, headers).end(text);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  });
  return { seen, server };
}

let running: Awaited<ReturnType<typeof service>>;
const before = { ...process.env };
afterEach(() => {
  running.server.closeAllConnections();
  running.server.close();
  process.env = { ...before };
});

const change = () =>
  signedCall({ service: 'route53', region: 'us-east-1', method: 'POST', path: '/2013-04-01/hostedzone/Z1/rrset', body: '<x/>' });

test.each([
  [
    'as all errors',
    '<ErrorResponse><Error><Type>Sender</Type><Code>InvalidChangeBatch</Code><Message>[it was not found]</Message></Error></ErrorResponse>',
    '[it was not found]',
  ],
  [
    'as a document of its own',
    '<?xml version="1.0"?><InvalidChangeBatch ' +
      'xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Messages><Message>one</Message><Message>two</Message></Messages></InvalidChangeBatch>',
    'one; two',
  ],
])('a refused batch is known by its name, %s', async (_, text, says) => {
  running = await service({ status: 400, text });
  await expect(change()).rejects.toMatchObject({
    name: 'CallRefused',
    status: 400,
    code: 'InvalidChangeBatch',
    message: expect.stringContaining(says),
  });
  expect(running.seen).toHaveLength(1);
});

test('what was throttled or not answered is sent again, signed for its region', async () => {
  running = await service(
    { status: 400, text: '{"__type": "com.amazonaws.ssm#ThrottlingException"}' },
    { status: 503, text: '' },
    { status: 200, text: '{"fine": true}' },
  );
  expect(await jsonCall('ssm', 'eu-central-1', 'AmazonSSM.GetParameters', {}, '1.1')).toEqual({ fine: true });
  expect(running.seen.map(({ headers }) => /Credential=a\/\d+\/eu-central-1\/ssm\//.test(headers.authorization ?? ''))).toEqual([
    true,
    true,
    true,
  ]);
});

test('a call that is sent again goes where it went first', async () => {
  running = await service({ status: 503, text: '' }, { status: 200, text: 'fine' });
  const called = change();
  process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:9';
  expect(await called).toBe('fine');
  expect(running.seen).toHaveLength(2);
});

test('an error in a header is known, and one that stays without an answer is no refusal', async () => {
  running = await service({ status: 404, text: '{"message": "gone"}', headers: { 'x-amzn-errortype': 'NotFoundException:http://x' } });
  await expect(jsonCall('lambda', 'eu-central-1', 'x', {})).rejects.toThrow(
    expect.objectContaining({ code: 'NotFoundException', message: expect.stringContaining('gone') }) as CallRefused,
  );
  running.server.close();
  running.server.closeAllConnections();
  await expect(change()).rejects.toBeInstanceOf(CallUnanswered);
}, 30_000);
