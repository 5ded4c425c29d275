import type { AttributeValue, DynamoDBClient, GetItemCommand, PutItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoApprovals } from '../../../src/approvals/aws';
import { proofText, readProof, unsignedStsRequest } from '../../../src/approvals/callers/caller-proof.domain';
import { hmacSealer } from '../../../src/approvals/callers/oidc.aws';
import { GateSessions, Purpose } from '../../../src/approvals/callers/session.service';
import { StepFunctionsStarter } from '../../../src/approvals/callers/start.aws';
import { startHttp } from '../../../src/approvals/callers/start.service';
import { ApprovalRequest, ApprovalResult } from '../../../src/approvals/model';
import { approvalUrl } from '../../../src/approvals/page/message.domain';
import { questionDigest } from '../../../src/approvals/question.domain';
import { verifyAnswer } from '../../../src/approvals/verify.domain';
import { Json } from '../../../src/kernel/fingerprint';
import { baseUrl, oidc } from '../../approvals/site';
import { ann, ben, FakeTasks, GateWorld, inputOf } from '../../approvals/world';
import { Format, forEver, plain } from '../format';

type Row = Record<string, AttributeValue>;

/** A table that keeps what is put, as the gate's table does: nothing is judged. */
class Rows {
  public readonly rows = new Map<string, Row>();
  public readonly client = {
    send: (command: unknown) => Promise.resolve(this.perform(command as { readonly input: object })),
  } as unknown as DynamoDBClient;

  private perform({ input }: { readonly input: object }): unknown {
    if ('Key' in input) return { Item: this.rows.get(keyOf((input as GetItemCommand['input']).Key as Row)) };
    if ('KeyConditionExpression' in input) return { Items: [...this.rows.values()].filter(({ due }) => due) };
    const puts =
      'TransactItems' in input
        ? (input as TransactWriteItemsCommand['input']).TransactItems!.map(({ Put }) => Put!.Item as Row)
        : [(input as PutItemCommand['input']).Item as Row];
    for (const item of puts) this.rows.set(keyOf(item), item);
    return {};
  }
}
const keyOf = ({ pk, sk }: Row): string => `${pk.S} ${sk.S}`;

/** Requests in each state, with the lines of their record. */
async function gate(): Promise<{
  readonly requests: Record<string, Json>;
  readonly lines: Record<string, Json>;
  readonly results: Record<string, Json>;
}> {
  const requests: Record<string, Json> = {};
  const lines: Record<string, Json> = {};
  const results: Record<string, Json> = {};
  const after = async (
    name: string,
    required: number,
    work: (world: GateWorld, id: string) => Promise<unknown>,
    tasks = new FakeTasks(),
  ): Promise<void> => {
    const rows = new Rows();
    const store = new DynamoApprovals(rows.client, 'gate');
    const world = new GateWorld({ required }, { store, tasks });
    const input = inputOf();
    tasks.waiting.add(input.token);
    const { id } = await world.gate.ask(input);
    await work(world, id);
    requests[name] = plain(rows.rows.get(`r#${id} request`));
    for (const [key, row] of rows.rows) if (key.startsWith('d#')) lines[`${name}, line ${Number(row.sk.S)}`] = plain(row);
    for (const { result } of tasks.sent) results[name] = plain(JSON.stringify(result));
  };
  await after('open', 1, () => Promise.resolve());
  await after('answered once of two', 2, (world, id) => world.gate.answer(id, ann, 'approve', 'looks good'));
  await after('approved', 1, (world, id) => world.gate.answer(id, ann, 'approve', 'looks good'));
  await after('rejected', 2, async (world, id) => {
    await world.gate.answer(id, ann, 'approve');
    await world.gate.answer(id, ben, 'reject', 'not today');
  });
  const away = new FakeTasks();
  away.succeed = () => Promise.reject(new Error('no answer'));
  await after('decided, not yet told', 1, (world, id) => world.gate.answer(id, ann, 'approve'), away);
  await after('expired', 1, (world, id) => {
    world.advance(3_600);
    return world.gate.answer(id, ann, 'approve');
  });
  const gone = new FakeTasks();
  await after(
    'withdrawn',
    1,
    (world) => {
      gone.waiting.clear();
      world.advance(301);
      return world.sweep();
    },
    gone,
  );
  return { requests, lines, results };
}
let once: ReturnType<typeof gate> | undefined;
const told = (): ReturnType<typeof gate> => (once ??= gate());

async function readBack(item: Row): Promise<ApprovalRequest | undefined> {
  const rows = new Rows();
  rows.rows.set(keyOf(item), item);
  return new DynamoApprovals(rows.client, 'gate').read(item.pk.S!.slice(2));
}

const at = Date.UTC(2026, 10, 22, 3);
const claims = {
  sub: 'sub-ann',
  name: 'Ann',
  email: 'ann@example.com',
  email_verified: true,
  groups: ['approvers'],
  exp: at / 1000 + 3_600,
  nonce: 'random-2',
};

function sessions(): GateSessions {
  let randoms = 0;
  return new GateSessions(
    {
      sealer: hmacSealer(() => Promise.resolve('a secret of the formats')),
      nowMs: () => at,
      random: () => `random-${(randoms += 1)}`,
      provider: {
        authorizationUrl: () => Promise.resolve('https://login'),
        namesItself: () => Promise.resolve(false),
        exchange: () => Promise.resolve('a token'),
        challenge: (verifier) => verifier,
        verify: () => Promise.resolve({ kind: 'valid', claims }),
      },
    },
    oidc,
    `${baseUrl}/sign-in/callback`,
    ['approvers'],
  );
}
const approval = 'AAAAAAAAAAAAAAAAAAAAAA';

async function sealed(): Promise<Readonly<Record<Purpose, string>>> {
  const own = sessions();
  const { cookie } = await own.begin(approval);
  const done = await own.finish({ state: 'random-1', code: 'c' }, cookie);
  const session = done.kind === 'signedIn' ? done.cookie : done.detail;
  return { 'sign-in': cookie, session, csrf: await own.csrf((await own.session(session))!, approval) };
}

/** What the gate takes them for; what is sealed for one purpose opens for no other. */
async function opened(text: string): Promise<unknown> {
  const own = sessions();
  const { session } = await sealed();
  const flow = await own.finish({ state: 'random-1', code: 'c' }, text);
  return {
    signIn: flow.kind === 'signedIn' ? flow.approvalId : undefined,
    session: await own.session(text),
    csrf: await own.csrfHolds((await own.session(session))!, approval, text),
  };
}

async function started(): Promise<Record<string, Json>> {
  const calls: Json[] = [];
  const names = new StepFunctionsStarter({} as SFNClient);
  const start = startHttp({
    identity: oidc,
    provider: { verify: () => Promise.resolve({ kind: 'valid', claims }) },
    url: `${baseUrl}/starts/cutover`,
    record: () => undefined,
    rules: { stateMachineArn: 'arn:aws:states:eu-central-1:111122223333:stateMachine:m', people: ['sub-ann'], groups: [] },
    starter: {
      nameOf: (text) => names.nameOf(text),
      start: (_machine, input, name) => {
        calls.push({ input, name });
        return Promise.resolve({ kind: 'started', execution: 'e' });
      },
    },
  });
  const answer = await start({
    headers: { authorization: 'Bearer t', 'content-type': 'application/json', 'idempotency-key': 'k-1' },
    body: '{"reason":"leaving","attested":{"b":"2","a":"1"}}',
    isBase64Encoded: false,
  } as never);
  return { 'with a key': calls[0] ?? plain(answer) };
}

const proof = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', signedAt: '20261122T030000Z', signature: 'a'.repeat(64), sessionToken: 'token/+=' };
const call = { url: `${baseUrl}/approvals/${approval}`, body: '{"decision":"approve"}' };

export const approvalFormats: readonly Format[] = [
  {
    format: 'approvals.request-item',
    consequence: 'requests that are open over a deployment cannot be answered, or their answers count otherwise',
    write: async () => (await told()).requests,
    read: readBack,
  },
  {
    format: 'approvals.record-line',
    consequence: 'the record of who decided what no longer reads as one',
    write: async () => (await told()).lines,
    read: ({ pk, sk, what, at: when, content }: Row) => ({
      id: pk.S,
      line: Number(sk.S),
      what: what.S,
      at: when.S,
      content: JSON.parse(content.S!) as unknown,
    }),
  },
  {
    format: 'approvals.result',
    consequence: 'an answer given before a deployment counts as forged behind it',
    write: async () => (await told()).results,
    read: async (stored: string) => {
      const result = JSON.parse(stored) as ApprovalResult;
      const asked = (await told()).requests;
      const found = (await Promise.all(Object.values(asked).map((item) => readBack(item as unknown as Row)))).filter(
        (request) => request?.outcome,
      );
      const verdicts = found.map((request) => verifyAnswer(inputOf(), result, request, ''));
      return { result, genuine: verdicts.some(({ forged }) => forged === undefined) };
    },
  },
  forEver('approvals.question-digest', 'an answer given before a deployment counts as one to another question', {
    digest: questionDigest(inputOf()),
    'with all members': questionDigest(inputOf({ required: 2, expirySeconds: 60 })),
  }),
  {
    format: 'approvals.sealed',
    consequence: 'whoever is signed in, or just signing in, is thrown out by a deployment',
    write: async () => ({ ...(await sealed()) }),
    read: opened,
  },
  {
    format: 'approvals.caller-proof',
    consequence: 'the command of an earlier release cannot decide or start',
    write: () => ({ temporary: proofText(proof), lasting: proofText({ ...proof, sessionToken: undefined }) }),
    read: (stored: string) => readProof(stored),
  },
  forEver('approvals.proven-call', 'the command of an earlier release cannot decide or start: both ends sign another text', {
    decision: plain(unsignedStsRequest('eu-central-1', call)),
    start: plain(unsignedStsRequest('eu-central-1', { ...call, key: 'k-1' })),
  }),
  forEver('approvals.start', 'a start that is repeated over a deployment begins a second execution', started),
  forEver('approvals.link', 'links in messages that were sent lead nowhere', { link: approvalUrl(baseUrl, approval) }),
];
