/**
 * A whole number with a comma between thousands: 1,000,000. Without `toLocaleString`, whose first call loads the runtime's locale data: a
 * tenth of a function's time to load.
 */
export function grouped(whole: number): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, ',');
}
