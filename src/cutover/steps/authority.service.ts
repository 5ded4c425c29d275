import { StepHandler, StepServices, WarrantedRequest } from './request.service';
import { withReason } from './weights.service';

const leftMs = ({ clock }: StepServices, { deadlineMs }: WarrantedRequest): number => Math.max(1_000, deadlineMs - clock.nowMs());

/** Moves the authority over the next unit to the target. */
export const authority: StepHandler<'authority'> = (services, asked) =>
  services.authority.forward(asked.run, asked.plan, asked.last.failures ?? 0, leftMs(services, asked));

/** Moves the authority over the next unit back to the source. */
export const authorityBack: StepHandler<'authorityBack'> = async (services, asked) =>
  withReason(await services.authority.back(asked.run, asked.plan, asked.last.failures ?? 0, leftMs(services, asked)), asked.last);
