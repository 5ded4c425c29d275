/** Tenants whose payments are made to see whether the system works: no business figure counts them, and no event tells of them. */
export type SyntheticTenants = ReadonlySet<string>;

/** For a function's environment; undefined where there are none. */
export function writeSyntheticTenants(tenants: readonly string[]): string | undefined {
  return tenants.length === 0 ? undefined : JSON.stringify(tenants);
}

/** Reads them back. Throws for what is no list of names. */
export function readSyntheticTenants(text: string | undefined): SyntheticTenants {
  if (text === undefined) return new Set();
  const tenants = listIn(text);
  if (tenants?.every((one) => typeof one === 'string')) return new Set(tenants as string[]);
  throw new Error(
    `environment variable SYNTHETIC_TENANTS is '${text}': the construct that makes this function writes a JSON list of names`,
  );
}

function listIn(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as readonly unknown[]) : undefined;
  } catch {
    return undefined;
  }
}
