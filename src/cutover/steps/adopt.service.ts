import { StepHandler } from './request.service';
import { awaitChange } from './weights.service';

/** Records what was changed by hand as right, if it is still what people were shown. */
export const adopt: StepHandler<'adopt'> = async (services, asked) => {
  const { run, approval } = asked;
  return awaitChange(services, asked, await services.weights.adopt(run, approval?.by ?? [], approval?.entry.digest));
};
