/** Where AWS documents multi-region strong consistency; the list grows, so a set outside it is a warning only. */
export const knownStrongSets: readonly (readonly string[])[] = [
  ['us-east-1', 'us-east-2', 'us-west-2'],
  ['eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-central-1'],
  ['ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3'],
];

/** The text of a warning when AWS is not known to offer strong consistency in these regions. */
export function unknownStrongSet(prop: string, regions: readonly string[]): string | undefined {
  if (knownStrongSets.some((set) => regions.every((region) => set.includes(region)))) return undefined;
  return `'${prop}' is ${regions.join(', ')}: this package does not know that AWS offers multi-region strong consistency there `
    + `(it knows ${knownStrongSets.map((set) => set.join('/')).join('; ')}). Check the AWS documentation, then acknowledge this warning`;
}
