/**
 * A whole number with a comma between thousands: 1,000,000. Without `toLocaleString`, whose first call loads the runtime's locale data: a
 * tenth of a function's time to load.
 */
export function grouped(whole: number): string {
  const digits = String(whole);
  const head = digits.length % 3;
  return [...(head > 0 ? [digits.slice(0, head)] : []), ...(digits.slice(head).match(/\d{3}/g) ?? [])].join(',');
}
