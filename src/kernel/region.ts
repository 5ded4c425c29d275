/** An AWS region's name, such as `us-east-1`. */
export type RegionName = string;

const regionPattern = /^[a-z]{2}(-[a-z]+)+-\d$/;

/** Whether the text has the form of an AWS region name (not whether AWS runs such a region). */
export function isRegionName(text: string): boolean {
  return regionPattern.test(text);
}
