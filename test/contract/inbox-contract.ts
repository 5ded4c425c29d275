import { Claim, Inbox } from '../../src/events/consumers/service';
import { ConsumedEvent } from '../../src/events/model';

/** What every inbox must do, whatever engine is behind it. `fresh` gives an ID that no other test uses. */
export function inboxContract(open: () => Inbox, fresh: () => string): void {
  const now = 1_800_000_000_000;
  let owners = 0;
  const event = (id = fresh()): ConsumedEvent => ({
    source: 'acme-pay.ledger',
    tenant: 'acme',
    id,
    type: 'payment.authorised',
    schemaVersion: 1,
    origin: 'us-east-1',
    occurredAt: '2027-01-15T08:00:00.000Z',
    subject: `pay_${id}`,
    sequence: 5,
    trace: { traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64' },
    data: {},
  });
  const claim = (of: ConsumedEvent, nowMs = now): Claim => ({
    event: of,
    owner: `o${(owners += 1)}`,
    nowMs,
    leaseUntilMs: nowMs + 10_000,
    expires: Math.ceil(nowMs / 1000) + 86_400,
  });

  it('gives an event to its first taker', async () => {
    const inbox = open();
    expect(await inbox.take(claim(event()))).toEqual({ kind: 'taken', attempt: 1 });
  });

  it('gives an event to one of many at once', async () => {
    const inbox = open();
    const one = event();
    const taken = await Promise.all(Array.from({ length: 8 }, () => inbox.take(claim(one))));
    expect(taken.filter(({ kind }) => kind === 'taken')).toHaveLength(1);
    expect(taken.filter(({ kind }) => kind === 'running')).toHaveLength(7);
  });

  it('says until when another attempt may be at work', async () => {
    const inbox = open();
    const one = event();
    await inbox.take(claim(one));
    expect(await inbox.take(claim(one, now + 9_999))).toEqual({ kind: 'running', untilMs: now + 10_000 });
  });

  it('gives an event whose lease is over to one of many at once, as the next attempt', async () => {
    const inbox = open();
    const one = event();
    await inbox.take(claim(one));
    const taken = await Promise.all(Array.from({ length: 8 }, () => inbox.take(claim(one, now + 10_000))));
    expect(taken.filter(({ kind }) => kind === 'taken')).toEqual([{ kind: 'taken', attempt: 2 }]);
  });

  it('knows what is done, and discards it ever after', async () => {
    const inbox = open();
    const one = event();
    const first = claim(one);
    await inbox.take(first);
    expect(await inbox.finish(first, now + 10)).toBe(true);
    for (let n = 0; n < 25; n += 1) expect(await inbox.take(claim(one, now + 60_000 + n))).toEqual({ kind: 'duplicate' });
  });

  it('lets only the attempt that holds the lease finish', async () => {
    const inbox = open();
    const one = event();
    const first = claim(one);
    const second = claim(one, now + 10_000);
    await inbox.take(first);
    await inbox.take(second);
    expect(await inbox.finish(first, now + 10_001)).toBe(false);
    expect(await inbox.finish(second, now + 10_002)).toBe(true);
    expect(await inbox.finish(second, now + 10_003)).toBe(false);
  });

  it('gives a lease back at once, with or without counting the attempt', async () => {
    const inbox = open();
    const one = event();
    const first = claim(one);
    await inbox.take(first);
    await inbox.free(first, false);
    const second = claim(one);
    expect(await inbox.take(second)).toEqual({ kind: 'taken', attempt: 1 });
    await inbox.free(second, true);
    expect(await inbox.take(claim(one))).toEqual({ kind: 'taken', attempt: 2 });
  });

  it('lets nobody give back or set aside what another attempt has taken over', async () => {
    const inbox = open();
    const one = event();
    const first = claim(one);
    const second = claim(one, now + 10_000);
    await inbox.take(first);
    await inbox.take(second);
    await inbox.free(first, true);
    await inbox.setAside(first);
    expect(await inbox.take(claim(one, now + 10_001))).toMatchObject({ kind: 'running' });
  });

  it('begins anew with what was set aside, when that is delivered once more', async () => {
    const inbox = open();
    const one = event();
    const first = claim(one);
    await inbox.take(first);
    await inbox.free(first, true);
    const second = claim(one);
    await inbox.take(second);
    await inbox.setAside(second);
    expect(await inbox.take(claim(one))).toEqual({ kind: 'taken', attempt: 1 });
  });

  it('remembers how far a subject has come', async () => {
    const inbox = open();
    const subject = { source: 'acme-pay.ledger', tenant: 'acme', subject: fresh() };
    expect(await inbox.through(subject)).toBeUndefined();
    expect(await inbox.advance(subject, 5, now)).toBe(true);
    expect(await inbox.advance(subject, 3, now)).toBe(false);
    expect(await inbox.advance(subject, 5, now)).toBe(true);
    expect(await inbox.advance(subject, 9, now)).toBe(true);
    expect(await inbox.through(subject)).toBe(9);
  });

  it("tells events apart by source and tenant: nobody else's event takes the place of one, or of its order", async () => {
    const inbox = open();
    const real = event();
    const others = [
      { ...real, source: 'acme.shipping' },
      { ...real, tenant: 'other' },
      { ...real, tenant: undefined },
      { ...real, tenant: 'acme#x' },
    ];
    for (const other of others) {
      const first = claim(other);
      expect(await inbox.take(first)).toEqual({ kind: 'taken', attempt: 1 });
      expect(await inbox.finish(first, now)).toBe(true);
      expect(await inbox.advance({ source: other.source, tenant: other.tenant, subject: real.subject! }, 99, now)).toBe(true);
    }
    expect(await inbox.take(claim(real))).toEqual({ kind: 'taken', attempt: 1 });
    expect(await inbox.through({ source: real.source, tenant: real.tenant, subject: real.subject! })).toBeUndefined();
  });
}
