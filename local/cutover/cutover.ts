import { CutoverCalls, type CutoverParts } from './calls';
import { plannedMachine } from './plan';
import { SignIn } from './sign-in';
import { CutoverWatch } from './watch';
import type { FrontDoorDeps } from '../ground/model';

/** What the front door has of an app's cutover; calls that say so where there is none. */
export interface Cutover {
  readonly calls: CutoverCalls;
  readonly watch?: CutoverWatch;
}

/**
 * @param url address of the front door, without a trailing slash
 * @param compareDocuments has the documents of two regions compared where that was never done in this run
 */
export function cutoverOf(
  { cutover: fabric, dns, regions, issuer }: Pick<FrontDoorDeps, 'cutover' | 'dns' | 'regions' | 'issuer'>,
  url: string,
  compareDocuments?: CutoverParts['compareDocuments'],
): Cutover {
  const planned = fabric && plannedMachine(fabric);
  if (!fabric || !planned) return { calls: new CutoverCalls(undefined) };
  const watch = new CutoverWatch({ fabric, dns, regions, ...planned });
  const signIn = new SignIn(fabric, url);
  return { watch, calls: new CutoverCalls({ fabric, watch, issuer, signIn, compareDocuments, ...planned }) };
}
