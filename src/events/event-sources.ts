import { PropProblem } from '../cdk/invalid-props';

/** Plain text for IAM too, where `*`, `?` and `${` would mean more; without the `#` that separates the parts of an inbox's keys. */
const sourcePattern = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/;

/** What is wrong with a source's name; undefined when EventBridge, IAM and an inbox take it as it is. */
export function sourceProblem(prop: string, source: string): PropProblem | undefined {
  return sourcePattern.test(source) && !source.startsWith('aws.') ? undefined : {
    prop, given: `'${source}'`, allowed: '1 to 128 of A-Z a-z 0-9 . _ / -, a letter or digit first, not beginning with \'aws.\'', mend: 'name who publishes, such as acme.shipping',
  };
}
