/**
 * `npx tsx tools/witness.ts A B`: for two replicas of a STRONG ledger, what each possible witness makes a write wait for in each replica.
 */
import { defaultLagMs } from '../local/network/links';
import { markdownTable } from '../src/kernel/markup';
import { strongRegions } from '../src/kernel/strong-regions';

/** One choice of a witness. */
export interface WitnessChoice {
  readonly witness: string;
  /** By replica: the nearest other member, whose round trip each write there waits for, in milliseconds. */
  readonly waits: Readonly<Record<string, { readonly member: string; readonly ms: number }>>;
}

/** Estimated from the regions' distance (see `defaultLagMs`), there and back. */
const roundTripMs = (from: string, to: string): number => 2 * defaultLagMs(from, to);

/** Every witness that AWS offers for two replicas: the one that makes the slower replica fastest comes first. */
export function witnessChoices(replicas: readonly [string, string]): WitnessChoice[] {
  const choices = strongRegions.names
    .filter((name) => !replicas.includes(name))
    .map((witness) => ({
      witness,
      waits: Object.fromEntries(
        replicas.map((replica) => {
          const others = [...replicas.filter((other) => other !== replica), witness].map((member) => ({
            member,
            ms: roundTripMs(replica, member),
          }));
          return [replica, others.reduce((nearest, other) => (other.ms < nearest.ms ? other : nearest))];
        }),
      ),
    }));
  const all = ({ waits }: WitnessChoice): number[] =>
    Object.values(waits)
      .map(({ ms }) => ms)
      .sort((one, other) => other - one);
  return choices.sort(
    (one, other) => all(one)[0] - all(other)[0] || all(one)[1] - all(other)[1] || one.witness.localeCompare(other.witness),
  );
}

/** The choices as a table in Markdown. */
export function witnessTable(replicas: readonly [string, string]): string {
  const rows = witnessChoices(replicas).map(({ witness, waits }) => [
    witness,
    ...replicas.map((replica) => `${waits[replica].ms} ms, to ${waits[replica].member}`),
  ]);
  return markdownTable(['witness', ...replicas.map((replica) => `a write in ${replica} waits`)], rows).toString();
}

if (require.main === module) {
  const names: readonly string[] = strongRegions.names;
  const replicas = process.argv.slice(2);
  const wrong = replicas.find((name) => !names.includes(name));
  if (replicas.length !== 2 || replicas[0] === replicas[1] || wrong !== undefined) {
    process.stderr.write(
      `give two different regions of ${names.join(', ')} (offered as of ` +
        `${strongRegions.asOf})${wrong === undefined ? '' : `; '${wrong}' is not one of them`}\n`,
    );
    process.exitCode = 1;
  } else {
    process.stdout.write(`${witnessTable([replicas[0], replicas[1]])}\n`);
  }
}
