import { RecordStore } from '../../../local/dns/record-store';
import type { RecordSet } from '../../../local/dns/records';
import { Route53Api } from '../../../local/route53/api';
import { child, readXml, textOf, writeXml } from '../../../local/route53/xml';

const record = (weight: number, setIdentifier: string, more: Partial<RecordSet> = {}): RecordSet => ({
  name: 'pay.example.com',
  type: 'CNAME',
  routing: 'weighted',
  weight,
  setIdentifier,
  ttlSeconds: 5,
  values: ['a.example'],
  alias: false,
  evaluateTargetHealth: false,
  ...more,
});
const clock = { now: 1_000_000, random: 0 };
const storeOf = (): RecordStore => new RecordStore({ now: () => clock.now, random: () => clock.random, propagationMs: 1_000 });

test('a batch is done as a whole, or not at all', () => {
  const store = storeOf();
  expect(
    store.change('Z', [
      { action: 'CREATE', record: record(1, 'a') },
      { action: 'CREATE', record: record(1, 'a') },
    ]),
  ).toMatchObject({ kind: 'refused' });
  expect(store.recorded()).toEqual([]);
  expect(store.change('Z', [{ action: 'CREATE', record: record(1, 'a') }]).kind).toBe('accepted');
  expect(
    store.change('Z', [
      { action: 'DELETE', record: record(2, 'a') },
      { action: 'CREATE', record: record(3, 'b') },
    ]),
  ).toEqual({ kind: 'refused', messages: [expect.stringContaining('do not match the current values')] });
  expect(store.recorded().map(({ weight }) => weight)).toEqual([1]);
  expect(
    store.change('Z', [
      { action: 'DELETE', record: record(1, 'a') },
      { action: 'CREATE', record: record(3, 'b') },
    ]).kind,
  ).toBe('accepted');
  expect(store.list('Z').map(({ setIdentifier }) => setIdentifier)).toEqual(['b']);
  expect(store.list('other')).toEqual([]);
});

test("a template's record can be changed and deleted by hand, and a deployment that does not change it leaves it so", () => {
  const store = storeOf();
  const deployed = ['a', 'b'].map((name) => record(1, name, { zoneId: 'Z' }));
  store.useTemplates(deployed);
  const batch = [
    { action: 'DELETE', record: record(1, 'a') },
    { action: 'CREATE', record: record(1, 'a', { ttlSeconds: 50 }) },
  ] as const;
  expect(store.change('Z', batch).kind).toBe('accepted');
  const seen = (): unknown[] => store.list('Z').map(({ setIdentifier, ttlSeconds }) => `${setIdentifier} ${ttlSeconds}`);
  expect(seen().sort()).toEqual(['a 50', 'b 5']);
  store.useTemplates(deployed);
  expect(seen().sort()).toEqual(['a 50', 'b 5']);
  expect(store.change('Z', [{ action: 'DELETE', record: record(1, 'b') }]).kind).toBe('accepted');
  expect(seen()).toEqual(['a 50']);
});

test('records of one name keep to one kind', () => {
  const store = storeOf();
  store.useTemplates([record(1, 'a', { routing: 'latency', region: 'us-east-1', weight: undefined, zoneId: 'Z' })]);
  expect(store.change('Z', [{ action: 'CREATE', record: record(1, 'b') }])).toMatchObject({
    kind: 'refused',
    messages: [expect.stringContaining('another routing policy')],
  });
  expect(store.change('Z', [{ action: 'UPSERT', record: record(1, 'b', { type: 'A', values: ['127.0.0.1'] }) }])).toMatchObject({
    kind: 'refused',
    messages: [expect.stringContaining('CNAME')],
  });
  expect(
    store.change('Z', [{ action: 'CREATE', record: record(1, 'b', { name: 'other.example.com', healthCheckId: 'none' }) }]),
  ).toMatchObject({ kind: 'refused', messages: [expect.stringContaining('No health check')] });
});

test('while a change is on its way, a name server has the old records or the new ones', () => {
  const store = storeOf();
  store.change('Z', [{ action: 'CREATE', record: record(100, 'a') }]);
  clock.now += 5_000;
  const changed = store.change('Z', [
    { action: 'DELETE', record: record(100, 'a') },
    { action: 'CREATE', record: record(50, 'b') },
  ]) as { id: string };
  expect(store.changeStatus(changed.id)?.status).toBe('PENDING');
  clock.random = 0.1;
  expect(store.served()[0].weight).toBe(100);
  clock.random = 0.9;
  expect(store.served()[0].weight).toBe(50);
  expect(store.recorded()[0].weight).toBe(50);
  clock.now += 1_000;
  clock.random = 0.1;
  expect(store.served()[0].weight).toBe(50);
  expect(store.changeStatus(changed.id)?.status).toBe('INSYNC');
  expect(store.changeStatus('C1')).toBeUndefined();
});

test('a caller is judged by the names and actions of its batch', async () => {
  const api = new Route53Api(storeOf());
  const set = (name: string): string =>
    `<ResourceRecordSet><Name>${name}</Name><Type>CNAME</Type><TTL>5</TTL>` +
    '<ResourceRecords><ResourceRecord><Value>a.example.</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>';
  const change = (action: string, name: string): string => `<Change><Action>${action}</Action>${set(name)}</Change>`;
  const body = (sets: string): Buffer =>
    Buffer.from(
      `<?xml version="1.0"?><ChangeResourceRecordSetsRequest ` +
        `xmlns="x"><ChangeBatch><Changes>${sets}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`,
    );
  const post = (content: Buffer) =>
    api.route({ region: 'eu-central-1', method: 'POST', path: '/2013-04-01/hostedzone/Z1/rrset', body: content });
  const routing = post(body(change('CREATE', 'Pay.example.com.') + change('UPSERT', 'other.example.com.')));
  expect(routing).toMatchObject({
    region: 'us-east-1',
    needs: [
      {
        action: 'route53:ChangeResourceRecordSets',
        resource: 'arn:aws:route53:::hostedzone/Z1',
        context: {
          'route53:changeresourcerecordsetsnormalizedrecordnames': ['pay.example.com', 'other.example.com'],
          'route53:changeresourcerecordsetsrecordtypes': ['CNAME'],
          'route53:changeresourcerecordsetsactions': ['CREATE', 'UPSERT'],
        },
      },
    ],
  });
  expect((await routing.answer()).status).toBe(200);
  const listed = await api
    .route({
      region: 'eu-central-1',
      method: 'GET',
      path: '/2013-04-01/hostedzone/Z1/rrset?name=pay.example.com.&maxitems=1',
      body: Buffer.alloc(0),
    })
    .answer();
  expect(listed.body.toString()).toMatch(/<Name>pay.example.com.<\/Name>.*<IsTruncated>false</s);
  for (const wrong of [
    'no xml',
    '<a><b></a></b>',
    body('').toString(),
    body('<Change><Action>MAKE</Action></Change>').toString(),
    body(`<Change><Action>CREATE</Action>${set('')}</Change>`).toString(),
  ]) {
    expect((await post(Buffer.from(wrong)).answer()).status).toBe(400);
  }
});

test('a document is read as it was written', () => {
  const text = writeXml({ A: { B: '<&">', C: [{ D: 1 }, { D: 2 }], E: undefined } });
  expect(text).toBe('<A><B>&lt;&amp;&quot;&gt;</B><C><D>1</D></C><C><D>2</D></C></A>');
  expect(textOf(child(readXml(`<?xml version="1.0"?>\n${text}`), 'A'), 'B')).toBe('<&">');
  expect(readXml('<a><b></a>')).toBeUndefined();
  const names = readXml('<a x="1"><!-- c --><Change> 007 </Change><B/></a>');
  expect(names).toEqual({ a: { Change: ['007'], B: '' } });
  expect([textOf(names, 'toString'), child(names, '__proto__'), child(child(names, 'a'), 'B')]).toEqual([undefined, undefined, {}]);
});

const nested = (levels: number): string => '<a>'.repeat(levels) + '</a>'.repeat(levels);

test.each([
  ['a type with entities of its own', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
  ['a type whose entities grow', '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;&c;&c;</a>'],
  ['a type that names a file', '<!doctype a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
  ['a type alone', '<!DOCTYPE a><a>b</a>'],
  ['elements that are nested without end', nested(10_000)],
])('a document with %s is not read', (_what, text) => {
  expect(readXml(text)).toBeUndefined();
  expect(readXml(nested(5))).toBeDefined();
});
