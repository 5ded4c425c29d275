import { StepHandler } from './request.service';
import { changeWeights, requiredShape } from './weights.service';
import { changedSince, driftOf } from '../weights/domain';

/** What was changed by hand is put back as recorded, if it is still what people were shown. */
export const revert: StepHandler<'revert'> = (services, asked) =>
  changeWeights(services, asked, {
    key: `${asked.run}/revert`,
    kind: 'revert',
    force: true,
    to: (_is, now, found) =>
      driftOf(now, found).digest === asked.approval?.entry.digest ? requiredShape(now.recorded?.shape) : changedSince(found),
  });
