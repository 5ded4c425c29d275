/** The value below which a part `share` (0 to 1) of the values lies, between neighbours by interpolation. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('no values: a quantile needs at least one');
  const sorted = [...values].sort((one, other) => one - other);
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
