import { StepHandler } from './request.service';
import { nextPhase } from '../machine/phases.domain';

/** Says which phase comes next. */
export const next: StepHandler<'next'> = async (_services, { state, plan }) => nextPhase(state, plan);
