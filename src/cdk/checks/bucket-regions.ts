import { Token } from 'aws-cdk-lib';
import { PropProblem } from './invalid-props';
import { isRegionName } from '../../kernel/region';

const longestBucketName = 63;
/** An account known at deployment alone is as long as any. */
const anyAccount = '0'.repeat(12);

/** A construct of which each region has one, with a bucket that is found by its name. */
export interface RegionalBuckets {
  readonly systemName: string;
  readonly regions: readonly string[];
  /** The construct, as messages name it. */
  readonly construct: string;
  readonly bucketName: (systemName: string, account: string, region: string) => string;
}

/** What is wrong with the regions in which there are such buckets. */
export function bucketRegionsProblem({ systemName, regions, construct, bucketName }: RegionalBuckets): PropProblem | undefined {
  const given = regions.join(', ') || 'empty';
  const prop = 'regions';
  const wrong = regions.find((region) => !isRegionName(region));
  if (wrong !== undefined) {
    return { prop, given: `'${wrong}'`, allowed: 'names of AWS regions, such as us-east-1', mend: 'write the region name out' };
  }
  const repeated = regions.find((region, at) => regions.indexOf(region) !== at);
  if (repeated !== undefined) {
    return { prop, given: `${given} (${repeated} twice)`, allowed: 'different regions', mend: `remove one ${repeated}` };
  }
  if (regions.length < 2) {
    const mend = `add a second region, and a ${construct} in its stack`;
    return { prop, given, allowed: 'two or more regions: with one alone nothing is left when it is lost', mend };
  }
  const excess = Math.max(...regions.map((region) => bucketName(systemName, anyAccount, region).length)) - longestBucketName;
  if (excess <= 0) return undefined;
  return {
    prop: 'systemName',
    given: `'${systemName}'`,
    allowed: `${systemName.length - excess} characters with these regions: S3 names buckets with ${longestBucketName} at most`,
    mend: 'shorten the name',
  };
}

/** What is wrong with the region of a stack that has such a bucket. */
export function bucketStackProblem(region: string, regions: readonly string[]): PropProblem | undefined {
  const prop = 'env.region of the stack';
  const allowed = regions.join(', ');
  if (Token.isUnresolved(region)) {
    return { prop, given: 'not set', allowed, mend: 'give the stack an env with a region: the bucket has it in its name' };
  }
  return regions.includes(region)
    ? undefined
    : { prop, given: region, allowed, mend: "use one of the regions, or add the region to 'regions'" };
}
