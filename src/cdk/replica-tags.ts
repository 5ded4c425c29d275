import { CfnTag, TagManager, TagType, Token } from 'aws-cdk-lib';
import { CfnGlobalTable } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { PropProblem, describeProblem } from './checks/invalid-props';

/** DynamoDB's bounds: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TaggingRestrictions.html */
const mostTags = 50;
const longestKey = 128;
const longestValue = 256;

/**
 * What `Tags.of` writes to for a global table, whose replicas have tags each and which has none itself: CDK's `CfnGlobalTable` takes none.
 */
export function replicaTagManager(): TagManager {
  return new TagManager(TagType.STANDARD, CfnGlobalTable.CFN_RESOURCE_TYPE_NAME);
}

/** A replica's tags, once all aspects have run; those of the props win. */
export function replicaTags(tags: TagManager, own: Readonly<Record<string, string>> = {}): CfnTag[] | undefined {
  const all = Object.entries({ ...tags.tagValues(), ...own }).map(([key, value]) => ({ key, value }));
  return all.length === 0 ? undefined : all;
}

/**
 * Has the synthesis refuse tags that DynamoDB refuses, whether from the props or from `Tags.of`. A stack that is already there would fail
 * in the midst of its update.
 */
export function keepReplicaTagsValid(scope: Construct, tags: TagManager, own: Readonly<Record<string, string>> = {}): void {
  scope.node.addValidation({ validate: () => tagProblems(replicaTags(tags, own) ?? []).map(describeProblem) });
}

function tagProblems(tags: readonly CfnTag[]): PropProblem[] {
  const problems = tags.flatMap(({ key, value }) => tagProblem(key, value) ?? []);
  if (tags.length <= mostTags) return problems;
  const count: PropProblem = {
    prop: 'tags',
    given: `${tags.length} with those of Tags.of`,
    allowed: `at most ${mostTags} on a replica of a table`,
    mend: "remove some, or keep those of Tags.of away by its option excludeResourceTypes: ['AWS::DynamoDB::GlobalTable']",
  };
  return [...problems, count];
}

function tagProblem(key: string, value: string): PropProblem | undefined {
  const reserved = [key, value].find((text) => /^aws:/i.test(text));
  if (reserved !== undefined) {
    return {
      prop: 'tags',
      given: `'${key}' with the value '${value}'`,
      allowed: 'keys and values that do not begin with aws:, in any case of its letters: AWS keeps those for itself',
      mend: 'rename the tag',
    };
  }
  if (isWithin(key, 1, longestKey) && isWithin(value, 0, longestValue)) return undefined;
  return {
    prop: 'tags',
    given: `'${key}' of ${key.length} characters with a value of ${value.length}`,
    allowed: `keys of 1 to ${longestKey} characters, and values of at most ${longestValue}`,
    mend: 'shorten it',
  };
}

/** Of a token the length is known at deployment alone. */
function isWithin(text: string, least: number, most: number): boolean {
  return Token.isUnresolved(text) || (text.length >= least && text.length <= most);
}
