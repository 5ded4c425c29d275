import { CloudFormationEvent } from '../../src/kernel/custom-resource';
import { TableMode } from '../../src/ledger/contract';
import { ProvenTables, TableProof } from '../../src/ledger/tables/proof.service';

const address = 'https://cloudformation-custom-resource-response-useast1.s3.us-east-1.amazonaws.com/x?X-Amz-Signature=1';
const create: CloudFormationEvent = {
  RequestType: 'Create',
  RequestId: 'r',
  StackId: 's',
  LogicalResourceId: 'Tables',
  ResponseURL: address,
  ResourceProperties: { Deployment: '2026-11-29T10:00:00Z' },
};
const strong: ProvenTables = { ledger: { name: 'acme-pay-ledger', mode: 'STRONG' } };
const home: ProvenTables = { ledger: { name: 'acme-pay-ledger', mode: 'HOME_REGION' }, authority: 'acme-pay-authority' };

async function asked(
  tables: ProvenTables,
  modes: Readonly<Record<string, TableMode>>,
  event: CloudFormationEvent = create,
  isAlone = false,
) {
  const answers: object[] = [];
  const proof = new TableProof(
    {
      ask: async (name) => ({ mode: modes[name] ?? 'MISSING', isAlone }),
      answer: async (_event, result) => {
        answers.push(result);
      },
    },
    tables,
    { region: 'us-east-1' },
  );
  const result = await proof.handle(event);
  return { result, answers };
}

test.each<[string, ProvenTables, Record<string, TableMode>, RegExp]>([
  [
    'an eventual table in STRONG',
    strong,
    { 'acme-pay-ledger': 'EVENTUAL' },
    /^table 'acme-pay-ledger' in us-east-1 has the consistency EVENTUAL; allowed: STRONG, since .*two regions would debit one payment twice; fix: .*same PaymentRegions/,
  ],
  [
    'a strong table in HOME_REGION: others may run it as STRONG',
    home,
    { 'acme-pay-ledger': 'STRONG', 'acme-pay-authority': 'STRONG' },
    /has the consistency STRONG; allowed: EVENTUAL/,
  ],
  [
    'homes in an eventual table',
    home,
    { 'acme-pay-ledger': 'EVENTUAL', 'acme-pay-authority': 'EVENTUAL' },
    /^table 'acme-pay-authority' in us-east-1 has the consistency EVENTUAL; allowed: STRONG: two regions would both be home/,
  ],
  [
    'no ledger table',
    strong,
    {},
    /^there is no table 'acme-pay-ledger' in us-east-1; .*fix: deploy the stack with IdempotentLedgerTable first/,
  ],
  [
    'no table of homes',
    home,
    { 'acme-pay-ledger': 'EVENTUAL' },
    /^there is no table 'acme-pay-authority' in us-east-1; .*fix: deploy the stack with HomeAuthorityTable first/,
  ],
])('%s fails the deployment with one line', async (_what, tables, modes, failure) => {
  const { result, answers } = await asked(tables, modes);
  expect(result.failure).toMatch(failure);
  expect(result.failure).not.toContain('\n');
  expect(answers).toEqual([result]);
});

test.each<[string, ProvenTables, Record<string, TableMode>, object]>([
  ['STRONG', strong, { 'acme-pay-ledger': 'STRONG' }, { TableMode: 'STRONG', AuthorityMode: 'NOT_HERE' }],
  [
    'HOME_REGION',
    home,
    { 'acme-pay-ledger': 'EVENTUAL', 'acme-pay-authority': 'STRONG' },
    { TableMode: 'EVENTUAL', AuthorityMode: 'STRONG' },
  ],
])('what is right in %s goes to the functions', async (_what, tables, modes, data) => {
  expect((await asked(tables, modes)).answers).toEqual([{ data }]);
});

test('a deployment that is taken back is not held up, and its functions learn what is wrong', async () => {
  const back = { ...create, RequestType: 'Update', OldResourceProperties: { Deployment: '2026-11-29T11:00:00Z' } } as const;
  expect((await asked(strong, { 'acme-pay-ledger': 'EVENTUAL' }, back)).answers).toEqual([
    { data: { TableMode: 'EVENTUAL', AuthorityMode: 'NOT_HERE' } },
  ]);
  const forth = { ...back, OldResourceProperties: { Deployment: '2026-11-29T09:00:00Z' } };
  expect((await asked(strong, { 'acme-pay-ledger': 'EVENTUAL' }, forth)).result.failure).toContain('EVENTUAL');
});

test('a table in no replication group is refused where a ledger begins, and only told of later', async () => {
  const modes = { 'acme-pay-ledger': 'EVENTUAL', 'acme-pay-authority': 'STRONG' } as const;
  const data = { TableMode: 'EVENTUAL', AuthorityMode: 'STRONG' };
  const why = expect.stringMatching(/^table 'acme-pay-ledger' in us-east-1 has no replica in another region; allowed: .*; fix: /);
  expect((await asked(home, modes, create, true)).answers).toEqual([{ failure: why, data }]);
  expect((await asked(home, modes, { ...create, RequestType: 'Update' }, true)).answers).toEqual([{ notice: why, data }]);
});

test('a removal asks nothing, and who is not CloudFormation gets no answer', async () => {
  expect((await asked(strong, {}, { ...create, RequestType: 'Delete' })).answers).toEqual([{}]);
  const { result, answers } = await asked(
    strong,
    { 'acme-pay-ledger': 'STRONG' },
    { ...create, ResponseURL: 'https://collector.example.com/' },
  );
  expect(result.failure).toContain('refused: ResponseURL leads to https://collector.example.com');
  expect(answers).toEqual([]);
});

test.each<[string, Error, string]>([
  ['an error', new Error('AccessDenied'), 'AccessDenied'],
  ['a host none of whose addresses answers', Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ['an error that says nothing', new AggregateError([]), 'AggregateError'],
])('when DynamoDB does not say, the deployment fails and is told why: %s', async (_what, error, why) => {
  const answers: object[] = [];
  const proof = new TableProof(
    {
      ask: async () => {
        throw error;
      },
      answer: async (_event, result) => {
        answers.push(result);
      },
    },
    strong,
    { region: 'us-east-1' },
  );
  await proof.handle(create);
  expect(answers).toEqual([{ failure: `DynamoDB did not say what the tables are: ${why}` }]);
});
