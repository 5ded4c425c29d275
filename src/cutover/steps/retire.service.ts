import { StepHandler } from './request.service';
import { changeWeights, requiredShape } from './weights.service';

/** Takes the source out of the public name for good. */
export const retire: StepHandler<'retire'> = (services, asked) =>
  changeWeights(services, asked, {
    key: `${asked.run}/retire`,
    kind: 'retire',
    to: (is) => ({ ttlSeconds: requiredShape(is).ttlSeconds, target: requiredShape(is).target }),
  });
