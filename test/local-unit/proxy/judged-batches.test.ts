import { judgedResources } from '../../../local/network/resource';

test("a batch of another region's items needs its caller's rights on each table that it names", () => {
  const request = {
    service: 'dynamodb',
    region: 'us-east-1',
    accountId: '000000000000',
    method: 'POST',
    path: '/',
    target: 'DynamoDB_20120810.BatchGetItem',
    body: Buffer.from(JSON.stringify({ RequestItems: { 'acme-ledger': { Keys: [] }, 'acme-other': { Keys: [] } } })),
  };
  expect(judgedResources(request)).toEqual(
    ['acme-ledger', 'acme-other'].map((table) => ({
      action: 'dynamodb:BatchGetItem',
      resource: `arn:aws:dynamodb:us-east-1:000000000000:table/${table}`,
    })),
  );
});
