import { Duration } from 'aws-cdk-lib';
import { Config as SystemConfig, configOf as systemConfigOf, Mode, partsOf, regionsOf as systemRegionsOf } from '../active-active/config';
import { AccountHomes, PaymentRegions, PublicNameRecords } from 'cdk-multi-region-payments';

/** How long everything takes. Nothing is left out when it is shorter. */
export interface Times {
  /** How long resolvers may keep the public name's answer. */
  readonly recordTtl: Duration;
  /** How long that TTL must have been in force before traffic moves. */
  readonly ttlLead: Duration;
  /** Minutes in a row in which the replication must have been fast, and how fast. */
  readonly lagMinutes: number;
  readonly lag: Duration;
  /** How long each phase is watched, and how often. */
  readonly soak: Duration;
  readonly soakCheckEvery: Duration;
  /** How long people have for an approval, how often they are reminded, and when it goes further up. */
  readonly approval: Duration;
  readonly reminderEvery: Duration;
  readonly escalateAfter: Duration;
  /** When a forgotten approval raises its alarm, and how often that is looked at. */
  readonly stuckAfter: Duration;
  readonly stuckCheckEvery: Duration;
  /** The comparison of the regions afterwards. */
  readonly reconciliation: { readonly length: Duration; readonly every: Duration; readonly settle: Duration };
  /** How old the backfill's comparison of the documents may be at each check, where the system has documents. */
  readonly documentsParityAge: Duration;
  /** What to do while Route 53 takes no changes. */
  readonly controlPlaneLoss: { readonly patience: Duration; readonly every: Duration };
}

/** Everything a team changes before it deploys, in one place: the system as it runs, and how it is moved. */
export interface Config {
  readonly system: SystemConfig;
  readonly source: string;
  readonly target: string;
  readonly approvers: {
    /** Issuer of their ID tokens, and our client there. */
    readonly issuer: string;
    readonly clientId: string;
    /** They are asked by mail and decide, each by the address that the issuer has verified. */
    readonly people: string[];
    /** How many of them must approve. Whoever starts the cutover does not count. */
    readonly required: number;
  };
  /** Shares of the target, phase by phase. */
  readonly phases: number[];
  readonly times: Times;
}

/** A migration over a week, or the same one over some minutes to try it. */
export type Pace = 'FULL' | 'REHEARSAL';

const times: Readonly<Record<Pace, Times>> = {
  FULL: {
    recordTtl: Duration.seconds(5),
    ttlLead: Duration.hours(24),
    lagMinutes: 5,
    lag: Duration.millis(500),
    soak: Duration.minutes(30),
    soakCheckEvery: Duration.minutes(1),
    approval: Duration.hours(24),
    reminderEvery: Duration.hours(4),
    escalateAfter: Duration.hours(12),
    stuckAfter: Duration.hours(4),
    stuckCheckEvery: Duration.minutes(5),
    reconciliation: { length: Duration.hours(72), every: Duration.minutes(15), settle: Duration.minutes(5) },
    documentsParityAge: Duration.hours(24),
    controlPlaneLoss: { patience: Duration.hours(2), every: Duration.minutes(5) },
  },
  REHEARSAL: {
    // Replication in a rehearsal shares a machine with everything else.
    recordTtl: Duration.seconds(5),
    ttlLead: Duration.seconds(5),
    lagMinutes: 2,
    lag: Duration.seconds(5),
    soak: Duration.seconds(10),
    soakCheckEvery: Duration.seconds(2),
    approval: Duration.minutes(15),
    reminderEvery: Duration.minutes(1),
    escalateAfter: Duration.minutes(5),
    stuckAfter: Duration.minutes(2),
    stuckCheckEvery: Duration.minutes(1),
    reconciliation: { length: Duration.seconds(20), every: Duration.seconds(10), settle: Duration.seconds(10) },
    // A rehearsal takes some minutes.
    documentsParityAge: Duration.minutes(30),
    controlPlaneLoss: { patience: Duration.seconds(60), every: Duration.seconds(5) },
  },
};

/** From where to where, unless other regions are asked for; the first one has the traffic. */
const places = ['us-east-1', 'eu-central-1'];
/** Of a `STRONG` ledger in these places: near the source, which has all the writes at first. */
const witness = 'us-east-2';

/** Where the system is, by the CDK context values `replicas`, of which the first is left for the second, and `witness`. */
export function regionsOf(mode: Mode, replicas?: unknown, asked?: unknown): PaymentRegions {
  if (mode === 'STRONG') return systemRegionsOf(mode, replicas ?? places.join(','), replicas === undefined ? (asked ?? witness) : asked);
  const names = systemRegionsOf(mode, replicas ?? places.join(','), asked).replicas;
  // Every account is at home in the source, until the cutover moves the authority over them.
  return PaymentRegions.homeRegion({ replicas: names, homes: AccountHomes.oneRegion(names[0]) });
}

/** The migration at a pace. */
export function configOf(pace: Pace, mode: Mode = 'HOME_REGION', regions = regionsOf(mode), parts = partsOf()): Config {
  const system = systemConfigOf(mode, 'RULES', regions, parts);
  const [source, target] = regions.replicas;
  return {
    system: {
      ...system,
      domain: { ...system.domain, records: PublicNameRecords.CUTOVER },
      // While the system is moved, no region is drilled.
      parts: { ...system.parts, drill: undefined },
    },
    source,
    target,
    approvers: {
      issuer: 'https://login.example.com',
      clientId: 'payments-approvals',
      people: ['ada@example.com', 'grace@example.com', 'katherine@example.com'],
      required: 1,
    },
    phases: [10, 25, 50, 90, 100],
    times: times[pace],
  };
}

/** The pace asked for with `--context pace=...`. */
export function paceOf(asked: unknown): Pace {
  if (asked === undefined) return 'FULL';
  if (asked === 'FULL' || asked === 'REHEARSAL') return asked;
  throw new Error(`context 'pace' is '${asked}': give FULL or REHEARSAL, or leave it out for FULL`);
}
