import { writeApps } from './apps/apps';
import { Bundle, BundleError, bundleHandlers, renderTable } from './bundles/bundle';
import { Outcome, Step, failed, root } from './steps';

/** Bundles the handlers and checks sizes, contents and licences; each bundle counts. Makes what `init` writes, beside the commands. */
export function bundlesStep(): Step {
  return {
    name: 'bundles',
    run: async () => {
      try {
        const bundles = await bundleHandlers();
        writeApps(root);
        return outcome(bundles);
      } catch (error) {
        if (error instanceof BundleError) return outcome(error.bundles);
        throw error;
      }
    },
  };
}

function outcome(bundles: readonly Bundle[]): Outcome {
  if (bundles.length === 0) return failed('no src/**/*.handler.ts was found');
  const bad = bundles.filter((bundle) => bundle.problems.length > 0).length;
  return {
    passed: bundles.length - bad,
    failed: bad,
    skipped: 0,
    notes: [renderTable(bundles), ...bundles.flatMap((bundle) => bundle.problems)],
  };
}
