import type { CutoverView } from '../cutover/model';
import type { CutoverWatch } from '../cutover/watch';
import type { FrontDoorDeps } from '../ground/model';
import type { Forwarder } from '../http/forward';

/** What `/_local/status` answers, and the page shows. */
export function statusOf(
  deps: Pick<FrontDoorDeps, 'regions' | 'links' | 'tables' | 'dns' | 'observed' | 'edgeUrl'>,
  forwarder: Forwarder,
  watch?: CutoverWatch,
) {
  const cutover = watch?.latest();
  watch?.nudge();
  return {
    regions: deps.regions.map(({ name, state }) => ({
      name,
      state,
      healthy: deps.dns.regionHealthy(name),
      requests: forwarder.requests(name),
    })),
    links: deps.links.all().map(({ from, to, lagMs, partitioned }) => ({ from, to, lagMs, partitioned })),
    tables: deps.tables.status(),
    buses: deps.observed?.buses() ?? [],
    ...(deps.edgeUrl === undefined ? {} : { edge: { url: deps.edgeUrl } }),
    publicName: deps.dns.publicName,
    dns: deps.dns.status(),
    alarms: deps.observed?.alarms() ?? [],
    // Alarms, schedules and failovers go by minutes of this length.
    minuteMs: deps.observed?.minuteMs ?? 60_000,
    targets: deps.observed?.targets() ?? [],
    approvals: cutover?.openApproval ? [cutover.openApproval] : [],
    cutovers: cutover?.state === 'RUNNING' ? [brief(cutover)] : [],
  };
}

function brief({ state, phase, weights, home, step, execution, startedBy }: CutoverView) {
  return { state, phase, weights, home, step, execution, startedBy };
}

export type Status = ReturnType<typeof statusOf>;
