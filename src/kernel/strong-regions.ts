/**
 * Where AWS offers multi-region strong consistency of DynamoDB: any three of these, across continents too.
 * Source: the AWS what's-new entry `dynamodb-mrsc-additional-regions` of 23 September 2026. The list grows: a region outside it is a
 * warning only.
 */
export const strongRegions = {
  asOf: '2026-09-23',
  names: [
    'us-east-1',
    'us-east-2',
    'us-west-2',
    'ca-central-1',
    'eu-west-1',
    'eu-west-2',
    'eu-west-3',
    'eu-central-1',
    'eu-north-1',
    'eu-south-2',
    'ap-northeast-1',
    'ap-northeast-2',
    'ap-northeast-3',
    'ap-south-1',
    'ap-southeast-1',
  ],
} as const;

const known: readonly string[] = strongRegions.names;

/** The text of a warning when AWS is not known to offer strong consistency in one of these regions. */
export function unknownStrongRegions(prop: string, regions: readonly string[]): string | undefined {
  const unknown = regions.filter((region) => !known.includes(region));
  if (unknown.length === 0) return undefined;
  return (
    `'${prop}' is ${regions.join(', ')}: this package does not know that AWS offers multi-region strong consistency in ` +
    `${unknown.join(', ')} ` +
    `(as of ${strongRegions.asOf} it knows ${known.join(', ')}). Check the AWS documentation, then acknowledge this warning`
  );
}

/** Three regions of the list near each other, by continent: two replicas and a witness of a small table that is asked all the time. */
export const nearStrongRegions: readonly (readonly string[])[] = [
  ['us-east-1', 'us-east-2', 'us-west-2'],
  ['eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-central-1'],
  ['ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3'],
];
