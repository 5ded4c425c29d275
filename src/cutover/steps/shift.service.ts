import { StepHandler } from './request.service';
import { changeWeights, requiredShape } from './weights.service';
import { withTargetShare } from '../weights/domain';

/** Sets the phase's weights. */
export const shift: StepHandler<'shift'> = async (services, asked) => {
  const { run, phase, plan } = asked;
  const result = await changeWeights(services, asked, {
    key: `${run}/phase-${phase}`,
    kind: 'shift',
    phase,
    to: (is) => withTargetShare(requiredShape(is), plan.phases[phase].target),
  });
  return { ...result, phase };
};
