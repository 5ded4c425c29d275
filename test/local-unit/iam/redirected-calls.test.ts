import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { engineClientConfig } from '../../../local/engine/engine-http';
import { Policies } from '../../../local/iam/policies';
import { Order, Outcome, deployFunctions } from '../functions';
import { Regions, accountId, east, startRegions, west, witness } from '../regions';

const table = 'ledger';
const arn = (region: string, name = table) => `arn:aws:dynamodb:${region}:${accountId}:table/${name}`;
const allow = (Action: string[], Resource: string, Condition?: object) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition ? { Condition } : {}),
});

let regions: Regions;
let invoke: (name: string, order: Order) => Promise<Outcome>;

beforeAll(async () => {
  regions = await startRegions();
  await regions.addTable({ name: table, mode: 'STRONG', replicas: [east, west], witness });
  invoke = await deployFunctions(regions, east, {
    writer: { Statement: [allow(['dynamodb:PutItem', 'dynamodb:GetItem'], arn(east))] },
    reader: { Statement: [allow(['dynamodb:GetItem'], arn(east))] },
    elsewhere: { Statement: [allow(['dynamodb:PutItem'], arn(west))] },
    denied: { Statement: [allow(['dynamodb:*'], '*'), { Effect: 'Deny', Action: 'dynamodb:PutItem', Resource: arn(east) }] },
    drain: { Statement: [allow(['dynamodb:GetItem'], arn(east), { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['drain#*'] } })] },
  });
}, 120_000);
afterAll(() => regions?.close());

const put = (pk: string): Order => ({ command: 'PutItem', input: { TableName: table, Item: { pk: { S: pk } } } });
const get = (pk: string): Order => ({ command: 'GetItem', input: { TableName: table, Key: { pk: { S: pk } }, ConsistentRead: true } });

describe("a call that leaves its region's engine", () => {
  it("is allowed by the role's grant on the region's own table", async () => {
    expect(await invoke('writer', put('a'))).toMatchObject({ ok: true });
    expect(await invoke('writer', get('a'))).toMatchObject({ ok: true, answer: { Item: { pk: { S: 'a' } } } });
  });

  it('is refused without a grant, in the words of AWS', async () => {
    const outcome = await invoke('reader', put('b'));
    expect(outcome).toMatchObject({ ok: false, name: 'AccessDeniedException' });
    expect(outcome.message).toMatch(
      new RegExp(
        `^User: arn:aws:sts::${accountId}:assumed-role/\\S+/reader is not authorized to perform: dynamodb:PutItem ` +
          `on resource: ${arn(east)} because no identity-based policy allows the dynamodb:PutItem action$`,
      ),
    );
    expect(await invoke('reader', get('b'))).toMatchObject({ ok: true });
  });

  it("is judged by the caller's own region, and a deny wins", async () => {
    expect(await invoke('elsewhere', put('c'))).toMatchObject({ ok: false, name: 'AccessDeniedException' });
    expect(await invoke('denied', put('c'))).toMatchObject({
      ok: false,
      name: 'AccessDeniedException',
      message: expect.stringContaining('with an explicit deny'),
    });
    expect(await invoke('denied', get('c'))).toMatchObject({ ok: true });
  });

  it('is judged by the keys that it names', async () => {
    expect(await invoke('drain', get('drain#east'))).toMatchObject({ ok: true });
    expect(await invoke('drain', get('a'))).toMatchObject({ ok: false, name: 'AccessDeniedException' });
  });

  it("gains nothing by another function's application ID", async () => {
    expect(await invoke('reader', { ...put('d'), appId: 'fn-writer' })).toMatchObject({ ok: false, name: 'AccessDeniedException' });
    expect(await invoke('writer', { ...put('d'), appId: 'unheard-of' })).toMatchObject({ ok: false, name: 'AccessDeniedException' });
  });

  it('into another region is judged by its own table there', async () => {
    const pk = { pk: { S: 'e' } };
    expect(await invoke('elsewhere', { ...put('e'), region: west })).toMatchObject({ ok: true });
    expect(
      await invoke('writer', { command: 'GetItem', input: { TableName: table, Key: pk, ConsistentRead: true }, region: west }),
    ).toMatchObject({ ok: false, name: 'AccessDeniedException', message: expect.stringContaining(arn(west)) });
    expect(await invoke('writer', get('e'))).toMatchObject({ ok: true, answer: { Item: pk } });
  });

  it("stays with the emulator's own judgement when it does not leave", async () => {
    const eventual = { TableName: table, Key: { pk: { S: 'a' } } };
    expect(await invoke('reader', { command: 'GetItem', input: eventual })).toMatchObject({ ok: true });
    expect(await invoke('elsewhere', { command: 'GetItem', input: eventual })).toMatchObject({ ok: false, name: 'AccessDeniedException' });
  });
});

test("what a service does in a role's name is judged by the conditions of its statements", async () => {
  const iam = new IAMClient(engineClientConfig(regions.engines.get(east)!, 'us-east-1'));
  const policies = new Policies({ engine: (region) => regions.engines.get(region) });
  const action = 'lambda:InvokeFunction';
  const may = async (RoleName: string, Condition?: object) => {
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify({ Statement: [] }) }));
    await iam.send(
      new PutRolePolicyCommand({
        RoleName,
        PolicyName: 'p',
        PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [allow([action], '*', Condition)] }),
      }),
    );
    return policies.decideRole(
      east,
      `arn:aws:iam::${accountId}:role/${RoleName}`,
      action,
      `arn:aws:lambda:${east}:${accountId}:function:f`,
    );
  };
  const inRegion = (region: string) => ({ StringEquals: { 'aws:RequestedRegion': region } });
  expect([await may('always'), await may('here', inRegion(east)), await may('there', inRegion(west))]).toEqual([
    'allowed',
    'allowed',
    'implicitDeny',
  ]);
  iam.destroy();
  policies.close();
});
