import { randomBytes } from 'node:crypto';

/**
 * The key that the emulators take for their root user: what the CDK CLI and the fabric sign with. Made anew for each run (a run is one
 * process), kept in memory and in the environment of what the run starts, and worth nothing elsewhere.
 */
export const localCredentials = {
  accessKeyId: `AKIA${randomBytes(10).toString('hex').slice(0, 16).toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString('base64url'),
} as const;

/** Whether the key is the account's root: the CLI's, and the run's own. */
export function isRootKey(accessKeyId: string): boolean {
  return accessKeyId === localCredentials.accessKeyId;
}
