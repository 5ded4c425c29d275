import type { ScenarioSetting } from './model';
import { causeOf } from '../kernel/cause';

/** What a consumer of the system's events has done, by its own record. */
export interface ConsumerRecord {
  /** Where the record is kept, in words. */
  readonly place: string;
  /** Of these payments, those whose authorisation is in effect in the region. */
  applied(region: string, paymentIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Through a mesh that works it takes seconds; a retry of a function takes a minute. */
const patienceMs = 120_000;

/** The event of each accepted payment has come to the consumer in each region, wherever the payment was taken. */
export async function eventsArrive({ client, figures, regions, accepted }: ScenarioSetting, record: ConsumerRecord): Promise<void> {
  figures.heading('events');
  const all = [...accepted.keys()];
  for (const region of regions) {
    const missing = new Set(all);
    const deadlineMs = client.nowMs() + patienceMs;
    let problem: string | undefined;
    for (;;) {
      try {
        for (const id of await record.applied(region, [...missing])) missing.delete(id);
        problem = undefined;
      } catch (error) {
        problem = causeOf(error);
      }
      if (missing.size === 0 || client.nowMs() > deadlineMs) break;
      await client.sleep(1_000);
    }
    const elsewhere = all.filter((id) => accepted.get(id) !== region).length;
    figures.check(
      `events of the payments in ${region}`,
      missing.size === 0,
      `${all.length - missing.size} of ${all.length}`,
      missing.size === 0 ? `${elsewhere} accepted elsewhere` : (problem ?? `missing: ${[...missing].slice(0, 3).join(', ')}`),
    );
  }
}
