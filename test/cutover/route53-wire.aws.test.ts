import { route53Records } from '../../src/cutover/weights/aws';
import { elementsOf, escapeText, textOf } from '../../src/cutover/weights/xml.domain';
import { FakeAws } from '../runtime/fake-aws';

/** Record sets of one name as Route 53 writes them, of every routing policy, and one of a policy that is not there yet. */
const members: Readonly<Record<string, string>> = {
  'weight and health check':
    '<Type>CNAME</Type><SetIdentifier>a &amp; b</SetIdentifier><Weight>7</Weight><TTL>60</TTL><ResourceRecords><ResourceRecord>' +
    '<Value>a.example.net</Value></ResourceRecord></ResourceRecords><HealthCheckId>0c1e9a0e-1111-2222-3333-444455556666</HealthCheckId>',
  'weighted alias':
    '<Type>A</Type><SetIdentifier>alias</SetIdentifier><Weight>0</Weight><AliasTarget><HostedZoneId>Z2FDTNDATAQYW2</HostedZoneId>' +
    '<DNSName>d-abcde.execute-api.eu-central-1.amazonaws.com.</DNSName><EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget>',
  CIDR:
    '<Type>A</Type><SetIdentifier>office</SetIdentifier><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value>' +
    '</ResourceRecord><ResourceRecord><Value>192.0.2.2</Value></ResourceRecord></ResourceRecords><CidrRoutingConfig>' +
    '<CollectionId>c8c02a84-1111-2222-3333-444455556666</CollectionId><LocationName>*</LocationName></CidrRoutingConfig>',
  geoproximity:
    '<Type>A</Type><SetIdentifier>near</SetIdentifier><GeoProximityLocation><Coordinates><Latitude>49.22</Latitude><Longitude>-74.01' +
    '</Longitude></Coordinates><Bias>0</Bias></GeoProximityLocation><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.3' +
    '</Value></ResourceRecord></ResourceRecords>',
  geolocation:
    '<Type>A</Type><SetIdentifier>there</SetIdentifier><GeoLocation><CountryCode>US</CountryCode><SubdivisionCode>CA</SubdivisionCode>' +
    '</GeoLocation><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.4</Value></ResourceRecord></ResourceRecords>',
  latency:
    '<Type>AAAA</Type><SetIdentifier>fast</SetIdentifier><Region>eu-central-1</Region><TTL>60</TTL><ResourceRecords><ResourceRecord>' +
    '<Value>2001:db8::1</Value></ResourceRecord></ResourceRecords><TrafficPolicyInstanceId>T1</TrafficPolicyInstanceId>',
  failover:
    '<Type>A</Type><SetIdentifier>first</SetIdentifier><Failover>PRIMARY</Failover><TTL>60</TTL><ResourceRecords><ResourceRecord>' +
    '<Value>192.0.2.5</Value></ResourceRecord></ResourceRecords>',
  multivalue:
    '<Type>A</Type><SetIdentifier>many</SetIdentifier><MultiValueAnswer>true</MultiValueAnswer><TTL>60</TTL><ResourceRecords>' +
    '<ResourceRecord><Value>192.0.2.6</Value></ResourceRecord></ResourceRecords>',
  'text with marks':
    '<Type>TXT</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>&quot;v=spf1 &lt;a&gt; &#38; \\052&quot;</Value>' +
    '</ResourceRecord></ResourceRecords>',
  'a policy of tomorrow':
    '<Type>A</Type><SetIdentifier>new</SetIdentifier><MoonPhase><Name>full</Name><Grade>3</Grade></MoonPhase><TTL>60</TTL>' +
    '<ResourceRecords><ResourceRecord><Value>192.0.2.7</Value></ResourceRecord></ResourceRecords>',
};
const setOf = (name: string, rest: string): string => `<ResourceRecordSet><Name>${name}</Name>${rest}</ResourceRecordSet>`;
const own = Object.values(members).map((rest) => setOf('pay.example.com.', rest));
const others = [setOf('pay.example.com.example.org.', members.CIDR), setOf('zay.example.com.', members.failover)];
const listOf = (sets: readonly string[]): string =>
  '<?xml version="1.0"?>\n<ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ResourceRecordSets>' +
  `${sets.join('')}</ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListResourceRecordSetsResponse>`;
/** As some of the documentation's samples are: a line for each element. */
const inLines = (xml: string): string => xml.replace(/></g, '>\n   <');
const accepted =
  '<?xml version="1.0"?>\n<ChangeResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeInfo>' +
  '<Id>/change/C2682N5HXP0BZ4</Id><Status>PENDING</Status><SubmittedAt>2026-11-29T10:00:00.000Z</SubmittedAt></ChangeInfo>' +
  '</ChangeResourceRecordSetsResponse>';

let aws: FakeAws;
let list: string;
beforeEach(async () => {
  aws = await FakeAws.start({ AWS_REGION: 'eu-central-1' });
  aws.answer = ({ action }) => ({ body: action.startsWith('GET') ? list : accepted, headers: { 'content-type': 'text/xml' } });
});
afterEach(() => aws.stop());

const records = () => route53Records({ systemName: 'acme', hostedZoneId: 'Z1', publicName: 'pay.example.com' });
const replaced = async (sets: readonly string[]): Promise<string> => {
  list = listOf(sets);
  const found = await records().read();
  expect(await records().replace(found, undefined)).toEqual({ kind: 'accepted', changeId: 'C2682N5HXP0BZ4' });
  return aws.calls.at(-1)!.text;
};

test.each(Object.entries(members))('a record is deleted as it was read, to the letter: %s', async (_what, rest) => {
  for (const set of [setOf('pay.example.com.', rest), inLines(setOf('pay.example.com.', rest))]) {
    expect(await replaced([set])).toContain(`<Changes><Change><Action>DELETE</Action>${set}</Change></Changes>`);
  }
});

test('all records of the name go in one change, before the new one comes, and none of another name', async () => {
  list = listOf([...own, ...others]);
  const shape = { ttlSeconds: 60, target: { value: 'b.example.net', healthCheckId: 'hc', weight: 100 } };
  await records().replace(await records().read(), { shape, stamp: 9 });
  expect(aws.calls.at(-1)!.text).toBe(
    '<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">' +
      `<ChangeBatch><Changes>${own.map((set) => `<Change><Action>DELETE</Action>${set}</Change>`).join('')}<Change><Action>CREATE` +
      '</Action><ResourceRecordSet><Name>pay.example.com.</Name><Type>CNAME</Type><SetIdentifier>acme-target#9</SetIdentifier>' +
      '<Weight>100</Weight><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>b.example.net</Value></ResourceRecord>' +
      '</ResourceRecords><HealthCheckId>hc</HealthCheckId></ResourceRecordSet></Change></Changes></ChangeBatch>' +
      '</ChangeResourceRecordSetsRequest>',
  );
});

test('people are told what was found, in the text that was meant', async () => {
  list = listOf(own);
  const found = await records().read();
  expect(found).toMatchObject({ kind: 'other', description: expect.stringContaining('CNAME SetIdentifier a & b Weight 7 TTL 60') });
  expect(found).toMatchObject({ description: expect.stringContaining('Value "v=spf1 <a> & \\052"') });
});

test('an element without an end, or with elements in it, has no text; every text is read as it was written', () => {
  expect(elementsOf('<a><b>1</b></a><a>2', 'a')).toEqual(['<a><b>1</b></a>']);
  expect([textOf('<a><b>1</b></a>', 'a'), textOf('<a>1', 'a'), textOf('<a></a>', 'a'), textOf('<ab>1</ab>', 'a')]).toEqual([
    undefined,
    undefined,
    '',
    undefined,
  ]);
  expect(textOf('<a>&#x41;&#66;&amp;lt;&apos;</a>', 'a')).toBe("AB&lt;'");
  const text = `<"&'>&amp;é漢`;
  expect(textOf(`<a>${escapeText(text)}</a>`, 'a')).toBe(text);
});
