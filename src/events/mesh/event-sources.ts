import { PropProblem } from '../../cdk/checks/invalid-props';
import { reservedSources, reservedTypes } from '../contract';

/** Plain text for IAM too, where `*`, `?` and `${` would mean more; without the `#` that separates the parts of an inbox's keys. */
const sourcePattern = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;

/** What is wrong with a source's name; undefined when EventBridge, IAM and an inbox take it as it is. */
export function sourceProblem(prop: string, source: string): PropProblem | undefined {
  return sourcePattern.test(source) && !source.startsWith('aws.')
    ? undefined
    : {
        prop,
        given: `'${source}'`,
        allowed: "1 to 128 of A-Z a-z 0-9 . _ / -, a letter or digit first, not beginning with 'aws.'",
        mend: 'name who publishes, such as acme.shipping',
      };
}

/** Plain text for IAM too. */
const typePattern = /^[A-Za-z0-9][A-Za-z0-9 ._/:-]{0,127}$/;
const mostTypes = 50;

/** What is wrong with what a publisher asks for; undefined when it can be granted. */
export function publishProblem(
  systemName: string,
  { source, types }: { readonly source: string; readonly types?: string[] },
): PropProblem | undefined {
  const wrong = sourceProblem('source', source);
  if (wrong) return wrong;
  if (reservedSources(systemName).includes(source)) {
    return {
      prop: 'source',
      given: `'${source}'`,
      allowed: "any source but the system's own",
      mend: 'choose a source of your own: only the ledger and the mesh publish under this one',
    };
  }
  if (types === undefined) return undefined;
  if (types.length < 1 || types.length > mostTypes) {
    return { prop: 'types', given: `${types.length} of them`, allowed: `1 to ${mostTypes}`, mend: 'leave it out for all' };
  }
  const type = types.find((one) => !typePattern.test(one) || reservedTypes.includes(one));
  return type === undefined
    ? undefined
    : {
        prop: 'types',
        given: `'${type}'`,
        allowed: `1 to 128 letters, digits and . _ / : - or spaces, and none of ${reservedTypes.join(', ')}`,
        mend: 'name a type of your own',
      };
}
