import { StepHandler } from './request.service';

/** Looks at the phase's alarms once. */
export const soak: StepHandler<'soak'> = (services, { run, plan, phase, last }) =>
  services.soak.look(run, plan, phase, last.unreadable ?? 0);
