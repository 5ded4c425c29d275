import { StepHandler } from './request.service';
import { residencyAbout } from '../machine/phases.domain';

/** Asks whether the source's role ends for good. */
export const residency: StepHandler<'residency'> = async (_services, { plan, last }) => ({
  outcome: 'ask',
  about: residencyAbout(plan),
  digest: last.digest ?? '',
  report: last.detail,
  subject: `${plan.systemName}: end the role of ${plan.source}?`,
  question:
    `All of ${plan.publicName} goes to ${plan.target}. Approving takes ${plan.source} out of the public name, so that no health ` +
    `check sends traffic back there; no data is deleted. ` +
    'A rollback is not possible afterwards. Rejecting keeps it as it is.',
});
