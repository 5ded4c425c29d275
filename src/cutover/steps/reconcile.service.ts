import { StepHandler } from './request.service';

/** Compares the regions once, or as far as there is time. */
export const reconcile: StepHandler<'reconcile'> = (services, { run, plan, last, deadlineMs }) =>
  services.window.round(run, plan, last.progress, deadlineMs);
