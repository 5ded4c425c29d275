import type { FrontDoorDeps } from '../model';
import type { Forwarder } from './forward';

/** What `/_local/status` answers, and the page shows. */
export function statusOf(deps: Pick<FrontDoorDeps, 'regions' | 'links' | 'tables' | 'dns' | 'observed'>, forwarder: Forwarder) {
  return {
    regions: deps.regions.map(({ name, state }) => ({ name, state, healthy: deps.dns.regionHealthy(name), requests: forwarder.requests(name) })),
    links: deps.links.all().map(({ from, to, lagMs, partitioned }) => ({ from, to, lagMs, partitioned })),
    tables: deps.tables.status(),
    buses: deps.observed?.buses() ?? [],
    publicName: deps.dns.publicName,
    dns: deps.dns.status(),
    alarms: deps.observed?.alarms() ?? [],
    // Alarms, schedules and failovers go by minutes of this length.
    minuteMs: deps.observed?.minuteMs ?? 60_000,
    targets: deps.observed?.targets() ?? [],
    approvals: [],
    cutovers: [],
  };
}

export type Status = ReturnType<typeof statusOf>;
