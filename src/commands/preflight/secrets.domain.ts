import { fail, Judged, pass, PlannedSecret, ReadStack, SecretState, warn } from './model';

/** The CDK writes a secret that is known by its name alone with six characters open at its end. */
const readByName = /(?::secretsmanager:([^:]*):([^:]*))?:secret:([\w/+=.@-]+)-\?{6}$/;

/** Secrets that stacks read by their names, but for those that a stack of the app makes. */
export function secretsOf(stacks: readonly ReadStack[], all: readonly ReadStack[]): readonly PlannedSecret[] {
  const own = new Set(all.flatMap(ownSecrets).map(keyOf));
  const read = stacks.flatMap((stack) =>
    textsIn(Object.values(stack.resources), stack.text).flatMap((text): readonly PlannedSecret[] => {
      const parts = readByName.exec(text);
      if (parts === null) return [];
      const [, region, account, name] = parts;
      return [{ name, region: given(region) ?? stack.region, account: given(account) ?? stack.account }];
    }),
  );
  return [...new Map(read.map((secret) => [keyOf(secret), secret])).values()]
    .filter((secret) => !own.has(keyOf(secret)))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

const keyOf = ({ name, region, account }: PlannedSecret): string => `${name} ${region} ${account}`;

/** A part of an ARN; undefined where it is open. */
const given = (part: string | undefined): string | undefined => (part === '' || part === '*' ? undefined : part);

/** With their replicas in other regions. */
function ownSecrets({ region, account, resources, text }: ReadStack): readonly PlannedSecret[] {
  return Object.values(resources).flatMap(({ Type, Properties = {} }) => {
    const name = Type === 'AWS::SecretsManager::Secret' ? text(Properties.Name) : undefined;
    if (name === undefined) return [];
    const { ReplicaRegions = [] } = Properties as { readonly ReplicaRegions?: readonly { readonly Region?: unknown }[] };
    const replicas = ReplicaRegions.flatMap(({ Region }) => text(Region) ?? []);
    return [region, ...replicas].map((one) => ({ name, region: one, account }));
  });
}

/** All texts within a value of a template. */
function textsIn(value: unknown, text: ReadStack['text']): readonly string[] {
  const whole = text(value);
  if (whole !== undefined) return [whole];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap((part) => textsIn(part, text)) : [];
}

/** What cannot be asked with the credentials of the deployment. */
export const isElsewhere = (account: string): Judged =>
  warn(
    `it is of the account ${account}: it was not asked for`,
    'look there whether it has a value, and whether its policy and its key admit this account',
  );

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
