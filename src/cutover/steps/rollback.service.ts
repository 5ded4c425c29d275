import { StepHandler } from './request.service';
import { changeWeights, requiredShape, withReason } from './weights.service';
import { withTargetShare } from '../weights/domain';

/** Sends everything back to the source. */
export const rollback: StepHandler<'rollback'> = async (services, asked) =>
  withReason(
    await changeWeights(services, asked, {
      key: `${asked.run}/rollback`,
      kind: 'rollback',
      to: (is) =>
        requiredShape(is).source
          ? withTargetShare(requiredShape(is), 0)
          : "the source's role has ended: a rollback is not possible any more. Deploy another cutover and run it",
    }),
    asked.last,
  );
