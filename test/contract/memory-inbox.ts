import { Claim, Inbox, Subject, Taken } from '../../src/events/consumers/service';
import { inboxSchema } from '../../src/events/contract';

interface InboxItem {
  state: 'RUNNING' | 'DONE' | 'SET_ASIDE';
  owner: string;
  leaseUntilMs: number;
  attempts: number;
  duplicates: number[];
}

/** An inbox in memory: what the port-contract suite holds against a real engine. */
export class MemoryInbox implements Inbox {
  public readonly items = new Map<string, InboxItem>();
  public readonly subjects = new Map<string, number>();

  public take({ event, owner, nowMs, leaseUntilMs }: Claim): Promise<Taken> {
    const found = this.items.get(inboxSchema.eventKey(event));
    if (!found) {
      this.items.set(inboxSchema.eventKey(event), { state: 'RUNNING', owner, leaseUntilMs, attempts: 1, duplicates: [] });
      return Promise.resolve({ kind: 'taken', attempt: 1 });
    }
    if (found.state === 'DONE') {
      if (found.duplicates.length < 20) found.duplicates.push(nowMs);
      return Promise.resolve({ kind: 'duplicate' });
    }
    if (found.state === 'RUNNING' && found.leaseUntilMs > nowMs) return Promise.resolve({ kind: 'running', untilMs: found.leaseUntilMs });
    const attempts = found.state === 'SET_ASIDE' ? 1 : found.attempts + 1;
    Object.assign(found, { state: 'RUNNING', owner, leaseUntilMs, attempts });
    return Promise.resolve({ kind: 'taken', attempt: attempts });
  }

  public finish(claim: Claim): Promise<boolean> {
    const found = this.owned(claim);
    if (found) found.state = 'DONE';
    return Promise.resolve(found !== undefined);
  }

  public free(claim: Claim, counts: boolean): Promise<void> {
    const found = this.owned(claim);
    if (found) Object.assign(found, { leaseUntilMs: 0, attempts: counts ? found.attempts : found.attempts - 1 });
    return Promise.resolve();
  }

  public setAside(claim: Claim): Promise<void> {
    const found = this.owned(claim);
    if (found) found.state = 'SET_ASIDE';
    return Promise.resolve();
  }

  public through(of: Subject): Promise<number | undefined> {
    return Promise.resolve(this.subjects.get(inboxSchema.subjectKey(of)));
  }

  public advance(of: Subject, sequence: number): Promise<boolean> {
    const subject = inboxSchema.subjectKey(of);
    if ((this.subjects.get(subject) ?? -1) > sequence) return Promise.resolve(false);
    this.subjects.set(subject, sequence);
    return Promise.resolve(true);
  }

  private owned({ event, owner }: Claim): InboxItem | undefined {
    const found = this.items.get(inboxSchema.eventKey(event));
    return found?.state === 'RUNNING' && found.owner === owner ? found : undefined;
  }
}
