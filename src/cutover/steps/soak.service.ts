import { StepHandler } from './request.service';

/** Looks at the phase's alarms and records once. */
export const soak: StepHandler<'soak'> = (services, { run, plan, phase, last }) => services.soak.look({ run, plan, phase, last });
