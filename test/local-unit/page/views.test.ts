import { east, traceAcross, west } from './fake-run';
import { link, now, outage, payment, state, words } from './states';
import { html, slug } from '../../../local/http/html';
import { money } from '../../../local/page/views/figures';
import { announcement, headline } from '../../../local/page/views/headline';
import { fragments, page } from '../../../local/page/views/layout';
import type { PageState, Second } from '../../../local/page/views/model';
import { waterfall } from '../../../local/page/views/waterfall';

const hostile = '"><img src=x onerror=alert(1)>\'`&<script>';

describe('markup', () => {
  test('escapes what is put in, keeps pieces and leaves nothing for undefined and false', () => {
    expect(html`<p class="${hostile}">${hostile}${html`<b>${1}</b>`}${[html`x`, 'y', ['<']]}${undefined}${false}${0}</p>`.toString()).toBe(
      `<p class="${escaped(hostile)}">${escaped(hostile)}<b>1</b>xy&#60;0</p>`,
    );
  });

  test('names make IDs that nothing ends, and that do not meet', () => {
    expect(slug('us-east-1')).toBe('us-east-1');
    expect(slug(hostile)).toMatch(/^[\w-]+$/);
    expect(slug('a b')).not.toBe(slug('a_b'));
  });

  test('nothing hostile becomes an element, wherever it stands', () => {
    const markup = page(hostileState(), {
      trace: {
        traceId: hostile,
        fresh: true,
        payment: payment({ status: hostile, currency: hostile }),
        segments: [{ id: hostile, name: hostile, region: hostile, start: 1, end: 2, failed: true }],
        events: [
          {
            eventId: hostile,
            region: hostile,
            type: hostile,
            paymentId: hostile,
            traceId: hostile,
            at: '2026-11-22T03:00:00.000Z',
            duplicate: true,
            consumer: hostile,
          },
        ],
      },
    });
    expect(markup).not.toContain('<img');
    expect(markup.match(/<script(?![^>]* src="\/_local\/page\/assets\/)/g)).toBeNull();
    expect(markup).not.toMatch(/\sonerror=(?!alert\(1\)&)/);
    expect(markup).not.toMatch(/ (style|on\w+)=["']/);
  });

  test('has every ID once, and labels that lead to one', () => {
    const markup = page(state({ payments: [payment()], load: idle, storm: noStorm }, { regions: [...state().status.regions] }));
    const ids = [...markup.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const [, id] of markup.matchAll(/ (?:for|aria-labelledby)="([^"]+)"/g)) expect(ids).toContain(id);
  });
});

describe('money', () => {
  test.each([
    [123456, 'USD', '1,234.56 USD'],
    [5, 'USD', '0.05 USD'],
    [1234567, 'JPY', '1,234,567 JPY'],
    [1234567, 'KWD', '1,234.567 KWD'],
    [-50, 'EUR', '-0.50 EUR'],
    [1, 'constructor', '0.01 constructor'],
  ])('%i of %s is %s', (minor, currency, text) => expect(money(minor, currency)).toBe(text));
});

describe('the headline', () => {
  const of = (change: Partial<PageState>, status: Partial<PageState['status']> = {}) => words(headline(state(change, status)));
  const stopped = {
    regions: [
      { name: east, state: 'stopped' as const, healthy: false, requests: 0 },
      { name: west, state: 'running' as const, healthy: true, requests: 0 },
    ],
  };

  test('says who answers', () => {
    expect(of({})).toBe('us-east-1 and us-west-2 answer for pay.example.com.');
    expect(of({}, { publicName: undefined })).toBe('us-east-1 and us-west-2 run; no DNS record of the app leads to an API.');
    expect(of({}, { publicName: undefined, regions: [] })).toBe('No region runs.');
    expect(of({}, { ...stopped, publicName: undefined })).toContain('us-west-2 runs;');
  });

  test('counts from the stop until another region answers', () => {
    const lost = { stoppedAt: now - 7_300 };
    expect(of({ outages: [outage(lost)] }, stopped)).toBe(
      'us-east-1 is lost. Its callers have had no answer for 7.3 s Health check fails 7.3 s Callers’ DNS answer runs out Another ' +
        'region answers',
    );
    expect(of({ outages: [outage({ ...lost, unhealthyAt: now - 1_000 })] }, stopped)).toContain(
      'Health check fails 6.3 s Callers’ DNS answer runs out +1.0 s',
    );
    const over = outage({ ...lost, unhealthyAt: now - 5_000, redirectedAt: now - 3_000, answeredAt: now - 2_900, answeredBy: west });
    expect(of({ outages: [over] }, stopped)).toBe(
      'us-east-1 is stopped. Its callers were answered by us-west-2 after 4.4 s Health check fails 2.3 s Callers’ DNS answer runs ' +
        'out +2.0 s us-west-2 answers +0.1 s',
    );
    expect(words(announcement(state({ outages: [over] }, stopped)))).toBe(
      'Recovered: callers of us-east-1 are answered by us-west-2 after 4.4 s.',
    );
  });

  test('says that the region is on its way back, and keeps the last recovery', () => {
    const over = outage({
      unhealthyAt: now - 5_000,
      redirectedAt: now - 5_000,
      answeredAt: now - 5_000,
      answeredBy: west,
      startedAt: now - 2_000,
    });
    expect(of({ outages: [over] }, { regions: [{ ...stopped.regions[0], state: 'running' }, stopped.regions[1]] })).toContain(
      'us-east-1 runs again; DNS leads to it once it is healthy: 2.0 s',
    );
    expect(of({ outages: [{ ...over, backAt: now }] })).toContain(
      'Last recovery: callers of us-east-1 were answered by us-west-2 after 2.3 s.',
    );
  });

  test('does not claim a recovery where nothing was to recover from', () => {
    expect(of({ outages: [outage({ unaffected: true })] }, stopped)).toBe('us-east-1 is stopped; its callers were led elsewhere before.');
    expect(of({ outages: [outage({ startedAt: now - 100, backAt: now })] })).toContain(
      'Last stop: us-east-1 came back before its callers were led elsewhere.',
    );
  });

  test('the announcement does not change while the clock runs', () => {
    const at = (time: number) => words(announcement(state({ now: time, outages: [outage()] }, stopped)));
    expect(at(now)).toBe(at(now + 5_000));
  });
});

describe('the parts', () => {
  const shown = (name: string, change: Partial<PageState> = {}, status: Partial<PageState['status']> = {}) =>
    words(fragments[name](state(change, status)));

  test('say what is absent instead of showing zeros', () => {
    expect(shown('events')).toBe('This app has no consumers of events that tell what they received.');
    expect(shown('events', { events: { received: [], latest: [] } })).toBe('No event has been received.');
    expect(shown('alarms')).toBe('No alarm is watched in this run.');
    expect(shown('senders')).toContain('takes no tokens');
    expect(shown('payments')).toBe('No payment has passed yet.');
    expect(shown('dns')).toBe('The app has no record sets.');
    expect(shown('tables', {}, { tables: [] })).toBe('The app has no global table.');
    expect(shown('network', {}, { links: [] })).toBe('There is one region only.');
    expect(shown('regions')).not.toContain('events');
  });

  test('show a payment with what matters, and a way to its trace', () => {
    const markup = fragments
      .payments(
        state({ payments: [payment({ replays: 2 }), payment({ paymentId: 'pay_2', status: 'PARTIALLY_REFUNDED', traceId: undefined })] }),
      )
      .toString();
    expect(words(markup)).toBe(
      '1,234.56 USD ● authorised us-east-1 03:00:25 2 replays 1,234.56 USD ○ partially refunded us-east-1 03:00:25',
    );
    expect(markup).toContain('href="/?trace=1-6b025bde-2d8fb14c5247483aea9a6913#trace"');
    expect(markup.match(/<a /g)).toHaveLength(1);
  });

  test("show the last minute's requests by region, the current second not yet", () => {
    const at = Math.floor(now / 1000);
    const seconds: Second[] = [
      { at: at - 61, answered: { [east]: 9 }, failed: 9 },
      { at: at - 1, answered: { [east]: 3, [west]: 1 }, failed: 2 },
      { at, answered: { [east]: 50 }, failed: 0 },
    ];
    const markup = fragments.traffic(state({ seconds })).toString();
    expect(markup).toContain('Requests in the last minute: us-east-1 answered 3, us-west-2 answered 1, 2 without an answer');
    expect(words(markup)).toContain('us-east-1 3 (75 %) us-west-2 1 (25 %) no answer 2');
    expect(markup.match(/<rect class="r0"/g)).toHaveLength(1);
    expect(shown('regions', { seconds })).toContain('0.6 requests a second');
  });

  test('offer the switch that changes something', () => {
    const markup = fragments
      .network(
        state({}, { links: [link(east, west, { partitioned: true }), link(west, east), link(east, 'us-east-2'), link('us-east-2', east)] }),
      )
      .toString();
    expect(markup).toContain('aria-label="Mend link from us-east-1 to us-west-2"');
    expect(markup).toContain('aria-label="Cut link from us-west-2 to us-east-1"');
    expect(markup).toContain('aria-label="Cut both us-east-1 and us-west-2"');
    expect(words(markup)).toContain('Links of us-east-2, where only copies of tables are');
  });

  test('name raised alarms, and count the others', () => {
    const alarm = (name: string, alarmState: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA') => ({
      name,
      region: east,
      state: alarmState,
      reason: 'three of three',
      since: '2026-11-22T03:00:00.000Z',
    });
    expect(shown('alarms', {}, { alarms: [alarm('a', 'OK'), alarm('b', 'INSUFFICIENT_DATA')] })).toBe(
      '● None of 2 is raised 1 without data yet.',
    );
    expect(shown('alarms', {}, { alarms: [alarm('a', 'OK'), alarm('late', 'ALARM')] })).toBe(
      '▲ late us-east-1 three of three 1 of 2 raised.',
    );
  });

  test('judge a storm by payments and debits', () => {
    const storm = { ...noStorm, sent: 40, answered: 40, replays: 39, payments: 1, debited: 1250 };
    expect(shown('senders', { load: idle, storm })).toContain(
      '● one payment, debited once 40 requests, 40 answers, 39 of them replays. The account was debited 12.50 USD.',
    );
    expect(shown('senders', { load: idle, storm: { ...storm, payments: 2, debited: 2500 } })).toContain('▲ 2 payments for one key');
    expect(shown('senders', { load: idle, storm: { ...storm, debited: 2500 } })).toContain('▲');
  });
});

describe('the waterfall', () => {
  const names = [east, west];

  test('has a row per segment, below its parent, with its place in time', () => {
    const markup = waterfall({ traceId: '1-a', segments: traceAcross(east, west, now).reverse(), fresh: false }, names).toString();
    expect([...markup.matchAll(/depth-(\d)">([^<]+)</g)].map(([, depth, name]) => `${depth} ${name}`)).toEqual([
      '0 POST /payments',
      '1 DynamoDB PutItem claim',
      '1 DynamoDB UpdateItem account',
      '1 outbox',
      '2 EventBridge PutEvents',
      '2 recorder',
      '2 recorder',
    ]);
    const [first, , , , , , last] = [...markup.matchAll(/<rect class="(r\d)" x="([\d.]+)" y="0" width="([\d.]+)"/g)].map(
      ([, colour, x, width]) => ({ colour, x: Number(x), width: Number(width) }),
    );
    expect(first).toMatchObject({ colour: 'r0', x: 0 });
    expect(last).toMatchObject({ colour: 'r1' });
    expect(last.x + last.width).toBeCloseTo(1000, 0);
    expect(words(markup)).toContain('begins +247 ms, takes 33 ms');
  });

  test('shows all of what is torn: lost parents, circles, open and failed segments, none at all', () => {
    const segment = { region: east, start: now, end: now + 5 };
    const markup = waterfall(
      {
        traceId: '1-a',
        fresh: false,
        segments: [
          { ...segment, id: 'a', parentId: 'gone', name: 'orphan' },
          { ...segment, id: 'b', parentId: 'c', name: 'circle 1' },
          { ...segment, id: 'c', parentId: 'b', name: 'circle 2' },
          { ...segment, id: 'd', parentId: 'd', name: 'own parent' },
          { ...segment, id: 'e', name: 'open', end: now, inProgress: true },
          { ...segment, id: 'f', name: 'broken', failed: true },
        ],
      },
      names,
    );
    expect(words(markup)).toMatch(/orphan.*own parent.*open.*under way.*broken.*failed.*circle 1.*circle 2/);
    expect(words(waterfall({ traceId: '1-a', fresh: false, segments: [] }, names))).toContain('No segments are known under this ID.');
    expect(waterfall({ traceId: '1-a', fresh: true, segments: [] }, names).toString()).toContain('hx-trigger="every 2s"');
  });
});

const idle = { running: false, rate: 2, begun: 0, answered: 0, askedAgain: 0, heldBack: 0, underWay: 0 };
const noStorm = { running: false, sent: 0, answered: 0, replays: 0, payments: 0, amount: 1250, currency: 'USD', regions: [east, west] };

function escaped(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function hostileState(): PageState {
  const event = {
    eventId: hostile,
    region: hostile,
    type: hostile,
    paymentId: hostile,
    traceId: hostile,
    at: '2026-11-22T03:00:00.000Z',
    duplicate: false,
    consumer: hostile,
  };
  return {
    now,
    status: {
      publicName: hostile,
      regions: [{ name: hostile, state: 'stopped', healthy: false, requests: 1 }],
      links: [link(hostile, 'b'), link('b', hostile)],
      tables: [{ name: hostile, mode: 'STRONG', replicationLagMs: 0, conflicts: 0 }],
      dns: [
        {
          name: hostile,
          type: hostile,
          routing: hostile,
          region: hostile,
          ttl: 5,
          value: hostile,
          healthy: false,
          healthCheck: { id: hostile, type: hostile, status: hostile, reason: hostile, since: hostile },
        },
      ],
      buses: [{ region: hostile, name: hostile, sent: 1, received: 1, deadLetters: 1, waiting: 0 }],
      alarms: [{ name: hostile, region: hostile, state: 'ALARM', reason: hostile, since: hostile }],
    },
    seconds: [{ at: Math.floor(now / 1000) - 1, answered: { [hostile]: 1 }, failed: 1 }],
    payments: [payment({ paymentId: hostile, status: hostile, currency: hostile, region: hostile, traceId: hostile })],
    outages: [outage({ region: hostile, answeredAt: now, answeredBy: hostile })],
    load: { ...idle, problem: hostile },
    storm: { ...noStorm, sent: 1, currency: hostile, problem: hostile, debited: 1 },
    events: { received: [{ region: hostile, events: 1, duplicates: 1, byType: { [hostile]: 1 } }], latest: [event] },
  };
}
