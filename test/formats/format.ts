import type { Json } from '../../src/kernel/fingerprint';

/** What was written, by case. */
export type Cases = Readonly<Record<string, Json>>;

/** A form in which something is stored, published or signed, and outlives the deployment that wrote it. */
export interface Format {
  /** `<area>.<what>`, as the fixtures name it. */
  readonly format: string;
  /** What happens to a system that is running when this form changes without a reader for the old one. */
  readonly consequence: string;
  /** What today's code writes, by case: by the real writers, with fixed times and chance. */
  readonly write: () => Cases | Promise<Cases>;
  /** What today's code takes a stored form for. Absent: it is told by its text alone, so it must be written the same for ever. */
  readonly read?: (stored: any) => unknown;
}

/** As JSON says it: what is undefined is absent. */
export const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value ?? null)) as Json;

/** A form that is only ever compared. */
export function forEver(format: string, consequence: string, cases: Cases | (() => Promise<Cases>)): Format {
  return { format, consequence, write: typeof cases === 'function' ? cases : (): Cases => cases };
}
