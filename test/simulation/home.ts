import { ProvisionalStep } from './faults';
import { FunctionInstance } from './functions';
import { Geography } from './geography';
import { Scheduler } from './scheduler';
import { Subject } from './subject';
import { Table } from './tables/table';
import { HomeSettings } from '../../src/ledger/homes/authority.domain';
import { CallOutcome, ForwardedCall, HomeLedger } from '../../src/ledger/homes/home.service';
import { CallContext } from '../../src/ledger/model';
import { Chance } from '../../tools/memory/chance';

/** Times are short, so that leases end and takeovers happen within a run; their order is that of the construct's defaults. */
export function homeSettings(chance: Chance, regions: readonly string[]): HomeSettings {
  return {
    regions,
    units: chance.pick([1, 2]),
    leaseMs: chance.pick([14_000, 25_000]),
    // Calls get 9 s, functions 10.
    requestMs: 10_000,
    clockMarginMs: 3_000,
    refreshMs: chance.pick([500, 2_000]),
    moveRequestMs: chance.pick([300, 1_500]),
    moveRefreshMs: chance.pick([50, 300]),
    movePauseMs: 12_000,
    takeover: chance.pick(['AUTOMATIC', 'AUTOMATIC', 'OPERATOR'] as const),
  };
}

/** What a function needs where one region writes for each account. */
export interface HomeWorld {
  readonly settings: HomeSettings;
  /** The strong table of authority records. */
  readonly authority: Table;
  readonly forward: (from: FunctionInstance, home: string, call: ForwardedCall) => Promise<CallOutcome>;
}

export interface Forwarding {
  readonly scheduler: Scheduler;
  readonly geography: Geography;
  readonly chance: Chance;
  readonly subject: Subject;
  readonly trace: (line: () => string) => void;
  readonly observe: CallContext['observe'];
  readonly observeStep: (step: ProvisionalStep) => void;
  /** What strikes a call between two regions, as it strikes one between a client and a region. */
  readonly fate: () => 'requestLost' | 'answerLost' | 'deliveredTwice' | 'deliveredLate' | undefined;
  readonly instance: (region: string) => FunctionInstance;
  readonly threw: (error: unknown) => void;
  /** A key that may be worked on more than once for one request of its client. */
  readonly doubtful: (tenant: string, key: string | undefined) => void;
}

const forwardMs = 4_000;

/** A call from one region's function to the home's, over a link that can break either way. */
export function forwarder(world: Forwarding): HomeWorld['forward'] {
  const { scheduler, geography, chance } = world;
  return (from, home, call) =>
    new Promise((resolve, reject) => {
      const fate = world.fate();
      const { idempotencyKey } = call.call.command as { idempotencyKey?: string };
      if (fate) world.doubtful(call.tenant, idempotencyKey);
      if (call.call.name === 'arrivals') world.observeStep('asked');
      let settled = false;
      const settle = (then: () => void): void => {
        if (settled) return;
        settled = true;
        from.wake(then);
      };
      scheduler.after(Math.min(forwardMs, Math.max(1, call.remainingMs)), () =>
        settle(() => {
          world.doubtful(call.tenant, idempotencyKey);
          world.trace(() => `${from.region} hears nothing from home ${home}`);
          reject(new world.subject.HomeUnreachable(home));
        }),
      );
      const arrive = (): void => {
        if (!geography.linked(from.region, home)) return;
        const answer = (outcome: CallOutcome): void => {
          if (outcome.kind === 'arrived') outcome.ids.forEach(() => world.observeStep('arrived'));
          if (fate === 'answerLost' || !geography.linked(home, from.region)) return;
          scheduler.after(geography.latencyMs(home), () => settle(() => resolve(outcome)));
        };
        world.instance(home).run(
          (ledger) => (ledger as HomeLedger).receive(call, world.observe),
          call.tenant,
          (ended) => {
            if (ended.kind === 'threw') world.threw(ended.error);
            if (ended.kind !== 'answered') world.doubtful(call.tenant, idempotencyKey);
            answer(ended.kind === 'answered' ? ended.answer : { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 });
          },
        );
      };
      if (fate === 'requestLost') return;
      const delay = geography.latencyMs(from.region) + 30 + (fate === 'deliveredLate' ? chance.pick([6_000, 60_000, 20 * 60_000]) : 0);
      scheduler.after(delay, arrive);
      if (fate === 'deliveredTwice') scheduler.after(delay + chance.pick([0, 10, 500]), arrive);
    });
}
