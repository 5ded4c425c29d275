/** How numbers, times and money are written on the page. */

/** Digits after the point, by ISO 4217, where they are not two. */
const minorDigits: Readonly<Record<string, number>> = {
  JPY: 0,
  KRW: 0,
  CLP: 0,
  ISK: 0,
  UGX: 0,
  VND: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  PYG: 0,
  RWF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
};

export function money(minor: number, currency: string): string {
  const digits = Object.prototype.hasOwnProperty.call(minorDigits, currency) ? minorDigits[currency] : 2;
  const [whole, rest] = (Math.abs(minor) / 10 ** digits).toFixed(digits).split('.');
  return `${minor < 0 ? '-' : ''}${count(Number(whole))}${rest === undefined ? '' : `.${rest}`} ${currency}`;
}

export function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}

export function milliseconds(ms: number): string {
  return ms < 10 && !Number.isInteger(ms) ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${Math.round(ms)} ms` : seconds(ms);
}

/** UTC, as everything in the system. */
export function clock(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(11, 19);
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
