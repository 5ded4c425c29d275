import { resolveNs } from 'node:dns/promises';

/** Name servers of a domain, as this machine's resolver knows them; empty: none. */
export async function nameServersOf(domain: string): Promise<readonly string[]> {
  try {
    return await resolveNs(domain.replace(/\.$/, ''));
  } catch (error) {
    if (['ENOTFOUND', 'ENODATA'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
