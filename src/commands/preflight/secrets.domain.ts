import { fail, Judged, pass, SecretState } from './model';

/** Whether the app can read a secret that it does not make. */
export function isReadable(region: string, name: string, secret: SecretState | undefined): Judged {
  const command = (action: string, more = ''): string => `'aws secretsmanager ${action} --region ${region} ${more}'`;
  const content = '--secret-string file://FILE';
  if (secret === undefined) {
    return fail('it does not exist', `make it before the first run: ${command('create-secret', `--name ${name} ${content}`)}`);
  }
  if (secret.isDeleted) {
    return fail('its deletion is scheduled: it cannot be read', `restore it: ${command('restore-secret', `--secret-id ${name}`)}`);
  }
  if (!secret.hasValue) {
    return fail('it has no current value', `give it one: ${command('put-secret-value', `--secret-id ${name} ${content}`)}`);
  }
  return pass('it is there, with a value');
}
