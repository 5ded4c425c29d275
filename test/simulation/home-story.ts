import { Reconciled } from './checks/lost-keys';
import { EventualTable } from './tables/eventual-table';
import { AccountPlan } from './workload';
import { World } from './world';
import { unitOf } from '../../src/ledger/homes/home.service';
import { OperatorRequest, OperatorResult } from '../../src/ledger/operator/operate.service';
import { ItemVersion } from '../../src/ledger/operator/relocate.service';
import { StatusRequest, StatusResult } from '../../src/ledger/operator/status.service';
import { Item } from '../../src/ledger/ports';
import { Chance } from '../../tools/memory/chance';

const pageOf = 40;
const operatorMs = 60_000;
/** Looks until a hold of a lost key has gone: each looks at four dozen entries, and two are needed. */
const looksAtMost = 200;

type Report = Extract<StatusResult, { kind: 'reconciled' }>;

/** What operators do in a HOME_REGION run: they move homes, take over, call moves off, and at the end look for what was lost. */
export class HomeStory {
  constructor(
    private readonly world: World,
    private readonly chance: Chance,
  ) {}

  public begin(busy: readonly (readonly [number, number])[]): void {
    const {
      scheduler,
      options: { regions, plan },
    } = this.world;
    // Operators move homes away from a region in trouble.
    for (const { from, region } of plan.episodes) {
      const target = regions.find((name) => name !== region)!;
      const unit = this.chance.below(this.world.functions.home!.settings.units);
      if (this.chance.happens(0.5)) {
        scheduler.at(from + this.chance.between(0, 4_000), () => this.move(target, { action: 'relocate', unit }));
      }
    }
    for (const [from, to] of busy) {
      const count = this.chance.pick([0, 1, 2]);
      for (let n = 0; n < count; n += 1) {
        const action = this.chance.pick(['relocate', 'relocate', 'relocate', 'takeover', 'abort'] as const);
        const region = this.chance.pick(regions);
        const unit = this.chance.below(this.world.functions.home!.settings.units);
        scheduler.at(this.chance.between(from, to), () => this.move(region, { action, unit }));
      }
    }
  }

  /** A hold whose key another account has taken is given back by a look: in the end somebody has looked often enough. */
  public async settle(accounts: readonly AccountPlan[], look: (account: AccountPlan, paymentId: string) => Promise<void>): Promise<void> {
    if (!this.world.counts.has('otherAccount')) return;
    for (const account of accounts) {
      for (let looks = 0; looks < looksAtMost; looks += 1) {
        const report = await this.report(account);
        const hold = report?.account.unanswered.find(({ held }) => held > 0);
        if (!hold) break;
        if (looks === 0) this.world.met('holdOfLostKey');
        await look(account, hold.key);
      }
    }
  }

  /** What the ledger itself reports of each account. */
  public async reconcile(accounts: readonly AccountPlan[]): Promise<readonly Reconciled[]> {
    const reported: Reconciled[] = [];
    for (const plan of accounts) {
      const report = await this.report(plan);
      if (!report) continue;
      const { lateWrites, unanswered } = report.account;
      reported.push({ plan, lateWrites, unanswered });
      if (report.addsUp) continue;
      this.world.history.broken.push({
        invariant: 'lines add up',
        detail: `reconciliation of ${plan.tenant}/${plan.accountId}: ${JSON.stringify(report.account)}`,
      });
    }
    return reported;
  }

  private async report({ tenant, accountId }: AccountPlan): Promise<Report | undefined> {
    let report: Report | undefined;
    const ask = (tries: number): void =>
      this.ask(this.world.options.regions[tries % 2], { action: 'reconcile', tenant, accountId }, (result) => {
        if (result?.kind === 'reconciled') report = result;
        else if (tries < 100) this.world.scheduler.after(1_000, () => ask(tries + 1));
      });
    ask(0);
    await this.world.scheduler.run();
    return report;
  }

  /** A move that died half-way, or of which nothing is heard, leaves the unit closed: whoever began it calls it off. */
  private move(region: string, request: Omit<OperatorRequest, 'asked'>, tries = 0): void {
    let waiting = true;
    const callOff = (): void => {
      if (!waiting) return;
      waiting = false;
      if (tries < 100) this.world.scheduler.after(3_000, () => this.move(region, { action: 'abort', unit: request.unit }, tries + 1));
    };
    this.world.scheduler.after(operatorMs + 5_000, callOff);
    this.operate(region, { ...request, asked: { by: 'on call', reason: 'the story' } }, (result) => {
      if (result?.kind === 'moved') this.world.met('homeMoved');
      if (result === undefined || result.kind === 'unsure') callOff();
      waiting = false;
    });
  }

  private ask(region: string, request: StatusRequest, then: (result: StatusResult | undefined) => void): void {
    const { world } = this;
    world.invoke(
      region,
      'operator',
      async (_, context, instance): Promise<StatusResult> => {
        const status = new world.options.subject.HomeStatus(
          { ...instance.ports, authority: instance.authority() },
          region,
          world.functions.home!.settings,
        );
        return status.run(request, { ...context, deadlineMs: instance.ports.nowMs() + operatorMs });
      },
      (result) => {
        world.note(() => `operator in ${region}: ${request.action} -> ${result ? JSON.stringify(result).slice(0, 200) : 'nothing'}`);
        then(result);
      },
      true,
    );
  }

  private operate(region: string, request: OperatorRequest, then: (result: OperatorResult | undefined) => void): void {
    const { world } = this;
    const { subject } = world.options;
    world.invoke(
      region,
      'operator',
      async (_, context, instance): Promise<OperatorResult> => {
        const { settings } = world.functions.home!;
        const scan = (from: string, unit: number): AsyncIterable<ItemVersion> =>
          this.scan(instance.region, from, unit, instance.ports.sleep);
        const items = (from: string, pks: readonly string[]): Promise<readonly Item[]> =>
          this.items(instance.region, from, pks, instance.ports.sleep);
        const operations = new subject.HomeOperations(
          { ...instance.ports, authority: instance.authority(), scan, items },
          region,
          settings,
        );
        try {
          return await operations.run(request, { ...context, deadlineMs: instance.ports.nowMs() + operatorMs });
        } catch (error) {
          if (error instanceof subject.StoreFault) return { kind: 'unsure', detail: 'the replica could not be read' };
          throw error;
        }
      },
      (result) => {
        world.note(() => `operator in ${region}: ${request.action} -> ${result ? JSON.stringify(result).slice(0, 200) : 'nothing'}`);
        then(result);
      },
      true,
    );
  }

  private async items(
    here: string,
    region: string,
    pks: readonly string[],
    sleep: (ms: number) => Promise<void>,
  ): Promise<readonly Item[]> {
    await sleep(3);
    this.reach(here, region);
    return pks.flatMap((pk) => (this.world.table as EventualTable).peek(region, pk) ?? []);
  }

  private reach(here: string, region: string): void {
    const {
      geography,
      options: { subject },
    } = this.world;
    if (here !== region && !(geography.linked(here, region) && geography.linked(region, here))) {
      throw new subject.StoreFault('unknown', 'the read did not get through');
    }
  }

  /** A scan takes its time; what is written behind its back is not seen. */
  private async *scan(here: string, region: string, unit: number, sleep: (ms: number) => Promise<void>): AsyncIterable<ItemVersion> {
    const { table } = this.world;
    const items = [...(table as EventualTable).items(region)];
    for (let at = 0; at < items.length; at += pageOf) {
      this.reach(here, region);
      await sleep(3);
      for (const { pk, acct } of items.slice(at, at + pageOf)) {
        const tenant = /^a#([^#]+)#/.exec((acct ?? pk) as string)?.[1];
        if (tenant === undefined) continue;
        const found = (table as EventualTable).peek(region, pk)!;
        if (unitOf(decodeURIComponent(tenant), this.world.functions.home!.settings.units) === unit) {
          yield { pk, version: found.version as number };
        }
      }
    }
  }
}
