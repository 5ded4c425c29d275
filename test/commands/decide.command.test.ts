import { createServer } from 'node:http';
import { AddressInfo } from 'node:net';
import { runCommand } from './run-command';
import { signatureOf, verifySignature } from '../../local/proxy/signature';
import { CallerProofs } from '../../src/approvals/callers/caller-proof.service';
import { GateEvent } from '../../src/approvals/callers/event.domain';
import { startHttp } from '../../src/approvals/callers/start.service';
import { gateHttp } from '../../src/approvals/page/http.service';
import { gateTarget } from '../../src/commands/gate/gate-call.service';
import { FakeSts } from '../approvals/fake-sts';
import { GateWorld, rules } from '../approvals/world';

const identity = { kind: 'iam', region: 'eu-central-1', trustSessionNames: false } as const;
const role = 'arn:aws:iam::111122223333:role/Approvers';
const session = 'arn:aws:sts::111122223333:assumed-role/Approvers/ann';

/** API Gateway with the shipped services behind it: it judges the call's signature and passes on whose it is. */
class SignedApi {
  public world = new GateWorld({ people: [role], groups: [] });
  public readonly sts = new FakeSts(Date.now);
  public readonly started = new Map<string, string>();
  public failing = false;
  public baseUrl = '';
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on(
        'end',
        () =>
          void (async () => {
            const body = Buffer.concat(chunks);
            const signature = signatureOf(request)!;
            const credentials = this.sts.credentialsOf(session);
            const verdict = await verifySignature(
              { method: 'POST', url: request.url!, headers: request.headers },
              signature,
              credentials.secretAccessKey,
              body,
            );
            const [resource, id] = /\/approvals\/(.+)$/.test(request.url!)
              ? ['/approvals/{id}', request.url!.split('/').pop()!]
              : ['/starts/release', undefined];
            const event: GateEvent = {
              resource,
              httpMethod: 'POST',
              body: body.toString(),
              headers: request.headers as Record<string, string>,
              pathParameters: { id },
              requestContext: {
                identity: verdict.ok && signature.service === 'execute-api' ? { userArn: session, accountId: '111122223333' } : {},
              },
            };
            const answer = this.failing
              ? { statusCode: 503, headers: {}, body: '{"title":"The service cannot answer now"}' }
              : await (id === undefined ? this.start : this.page)(event);
            response.writeHead(answer.statusCode, answer.headers);
            response.end(answer.body);
          })(),
      );
  });

  public async listen(): Promise<void> {
    this.world.nowMs = Date.now();
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.baseUrl = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/live`;
  }

  public async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private get proofs(): CallerProofs {
    return new CallerProofs({ ask: this.sts.ask, nowMs: Date.now }, identity);
  }

  private get page(): ReturnType<typeof gateHttp> {
    const { world, proofs, baseUrl } = this;
    return gateHttp({
      gate: world.gate,
      rules: { ...rules, people: [role], groups: [] },
      identity,
      proofs,
      baseUrl,
      nowMs: Date.now,
      record: () => undefined,
    });
  }

  private get start(): ReturnType<typeof startHttp> {
    return startHttp({
      identity,
      proofs: this.proofs,
      url: `${this.baseUrl}/starts/release`,
      rules: { stateMachineArn: 'arn', people: [role], groups: [] },
      record: () => undefined,
      starter: {
        nameOf: (text) => text!,
        start: async (_arn, input, name) => {
          this.started.set(name, input);
          return { kind: 'started', execution: `arn:execution:${this.started.size}` };
        },
      },
    });
  }
}

const api = new SignedApi();
beforeAll(() => api.listen());
afterAll(() => api.stop());

/** The command as a person on call runs it, with the credentials of a session. */
async function command(...args: string[]): Promise<{ code: number | null; output: string }> {
  const { accessKeyId, secretAccessKey, sessionToken } = api.sts.credentialsOf(session);
  return runCommand(args, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken });
}

const region = ['--region', 'eu-central-1'];
const starter = { startedBy: 'arn:aws:iam::111122223333:user/sam' };

test('approve proves who runs it and decides; run again it says that it was decided', async () => {
  const id = await api.world.ask(starter);
  const approve = ['approve', `${api.baseUrl}/approvals/${id}`, ...region, '--comment', 'looked at the report: für gut befunden'];
  expect(await command(...approve)).toEqual({ code: 0, output: 'decided: APPROVED\n' });
  expect(await api.world.gate.view(id)).toMatchObject({
    outcome: { decision: 'APPROVED' },
    answers: [{ by: role, comment: 'looked at the report: für gut befunden' }],
  });
  expect(await command(...approve)).toEqual({ code: 1, output: expect.stringContaining('refused: The decision was made already') });
});

test('reject rejects', async () => {
  const id = await api.world.ask({ ...starter, token: 'TOKEN-secret-1' });
  expect(await command('reject', `${api.baseUrl}/approvals/${id}`, ...region)).toEqual({ code: 0, output: 'decided: REJECTED\n' });
});

test('start starts, by the key that is given; what is not answered can be asked for again', async () => {
  const start = ['start', `${api.baseUrl}/starts/release`, ...region, '--input', '{"build": "4711"}'];
  expect(await command(...start, '--key', 'release-4711')).toEqual({ code: 0, output: `started by ${role}: arn:execution:1\n` });
  expect([...api.started]).toEqual([[`${role} release-4711`, JSON.stringify({ build: '4711', startedBy: role })]]);
  api.failing = true;
  const { code, output } = await command(...start);
  api.failing = false;
  expect([code, output]).toEqual([
    1,
    expect.stringMatching(/not answered: The service cannot answer now \(503\)\n {2}.*--key [0-9a-f-]{36}/),
  ]);
});

test('wrong arguments end with 2 and say what is allowed', async () => {
  expect(await command('approve', 'gate.example.com/approvals/x')).toMatchObject({
    code: 2,
    output: expect.stringContaining('the whole address'),
  });
  expect(await command('start', 'https://gate.example.com/live/starts/release')).toMatchObject({
    code: 2,
    output: expect.stringContaining('give --region'),
  });
});

test.each<[string, 'approvals' | 'starts', string | undefined, unknown]>([
  [
    'https://abc123.execute-api.us-west-2.amazonaws.com/live/starts/release',
    'starts',
    undefined,
    { region: 'us-west-2', url: 'https://abc123.execute-api.us-west-2.amazonaws.com/live/starts/release' },
  ],
  [
    'https://abc123.execute-api.cn-north-1.amazonaws.com.cn/live/approvals/0123456789abcdefghijkl?x=1#y',
    'approvals',
    undefined,
    { region: 'cn-north-1', url: 'https://abc123.execute-api.cn-north-1.amazonaws.com.cn/live/approvals/0123456789abcdefghijkl' },
  ],
  ['https://approvals.example.com/approvals/0123456789abcdefghijkl', 'approvals', 'eu-west-1', { region: 'eu-west-1' }],
  ['https://approvals.example.com/approvals/short', 'approvals', 'eu-west-1', expect.stringContaining("an approval's ID")],
  ['https://approvals.example.com/approvals/0123456789abcdefghijkl', 'starts', 'eu-west-1', expect.stringContaining('a name')],
  ['http://approvals.example.com/starts/release', 'starts', 'eu-west-1', expect.stringContaining('https://')],
  ['https://approvals.example.com/starts/release', 'starts', 'europe', expect.stringContaining('not the name of a region')],
])('%s for %s', (url, kind, given, expected) => {
  const target = gateTarget(url, kind, given);
  expect(target).toEqual(typeof target === 'string' ? expected : expect.objectContaining(expected as object));
});
