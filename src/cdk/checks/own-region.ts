import { PropProblem } from './invalid-props';

/**
 * Why an API cannot have a construct in this stack: it is another region's.
 *
 * @param given region of the API
 * @param own region of the stack
 * @param what the construct is, for the message
 */
export function ownRegionProblem(given: string, own: string, what: string): PropProblem | undefined {
  if (given === own) return undefined;
  return {
    prop: 'api',
    given: `an API in ${given}`,
    allowed: `the API of ${own}, the region of this stack`,
    mend: `put the ${what} into the API's stack`,
  };
}
