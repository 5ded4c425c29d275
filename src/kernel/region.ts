/** An AWS region's name, such as `us-east-1`. */
export type RegionName = string;

const regionPattern = /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/;

/** Whether the text has the form of an AWS region name (not whether AWS runs such a region). */
export function isRegionName(text: string): boolean {
  return regionPattern.test(text);
}
