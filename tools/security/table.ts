/** The grants of all deployments as one table in Markdown, and back: what a test reads is what people read. */
import { Conditions, Grant, grantsOf, rolesOf } from './grants';
import { accountId, Deployment } from './templates';

/** A row of the table. Regions in its texts are `{here}`, the stack's own, and `{peer}`, the other one. */
export interface Row {
  readonly who: string;
  /** Where it is so: `S` in all regions of that deployment, `M eu-central-1` in one. */
  readonly where: readonly string[];
  readonly effect: Grant['effect'];
  readonly by: Grant['by'];
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions: Conditions;
}

/** What else roles do, and nobody can move money by: writing logs, traces and metrics, and reading what AWS counts. */
export const leftOut = /^(logs|xray|cloudwatch|apigateway):/;

export function rowsOf(all: readonly Deployment[]): Row[] {
  const rows = new Map<string, { row: Omit<Row, 'where'>; at: [string, string][] }>();
  for (const deployment of all) {
    for (const stack of deployment.stacks) {
      const names = regionNames(deployment, stack.region);
      for (const grant of grantsOf({ ...deployment, stacks: [stack] })) {
        const actions = grant.actions.filter((action) => !leftOut.test(action));
        if (actions.length === 0) continue;
        const { principal, effect, by, resources, conditions } = JSON.parse(named(JSON.stringify(grant), names)) as Grant;
        const row = { who: shortRole(principal), effect, by, actions, resources: resources.map(shortArn).sort(), conditions };
        const key = JSON.stringify(row);
        const at = rows.get(key) ?? { row, at: [] };
        at.at.push([deployment.letter, stack.region]);
        rows.set(key, at);
      }
    }
  }
  return [...rows.values()]
    .map(({ row, at }) => ({ ...row, where: placesOf(all, at) }))
    .sort((one, other) => compare(sortKey(one), sortKey(other)));
}

/** What a row says of one deployment, region by region. */
export function grantsIn(rows: readonly Row[], deployment: Deployment): Grant[] {
  return rows.flatMap(({ where, who, actions, resources, ...row }) =>
    where.flatMap((at) => {
      const [letter, only] = at.split(' ');
      if (letter !== deployment.letter) return [];
      return (only ? [only] : replicasOf(deployment)).map((region) => {
        const grant: Grant = { ...row, principal: longRole(who), actions, resources: resources.map(longArn) };
        return JSON.parse(unnamed(JSON.stringify(grant), regionNames(deployment, region))) as Grant;
      });
    }),
  );
}

const sortKey = ({ who, by, effect, actions, resources }: Row): string =>
  [by === 'identity' ? 0 : 1, who, effect, actions[0], resources[0], resources.length].join(' ');
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Regions with a stack for payments: the two that peers are of each other. */
export function replicasOf({ stacks }: Deployment): string[] {
  return stacks
    .filter(({ name, region }) => name === `acme-pay-${region}`)
    .map(({ region }) => region)
    .sort();
}

function placesOf(all: readonly Deployment[], at: readonly [string, string][]): string[] {
  return all.flatMap((deployment) => {
    const regions = [...new Set(at.filter(([letter]) => letter === deployment.letter).map(([, region]) => region))].sort();
    const everywhere = replicasOf(deployment);
    return regions.join() === everywhere.join() ? [deployment.letter] : regions.map((region) => `${deployment.letter} ${region}`);
  });
}

type Names = readonly (readonly [string, string])[];

function regionNames(deployment: Deployment, here: string): Names {
  const peers = replicasOf(deployment).filter((region) => region !== here);
  return [
    [here, '{here}'],
    [shortRegion(here), '{here~}'],
    ...peers.flatMap((peer): [string, string][] => [
      [peer, '{peer}'],
      [shortRegion(peer), '{peer~}'],
    ]),
  ];
}

/** As names of roles have it: `use1`. */
function shortRegion(region: string): string {
  const [area, direction, number] = region.split('-');
  return `${area}${direction.replace(/(north|south)?(east|west)?(central)?/, (_all, ...parts: (string | undefined)[]) =>
    parts
      .slice(0, 3)
      .map((part) => part?.[0] ?? '')
      .join(''),
  )}${number}`;
}

const named = (text: string, names: Names): string =>
  names.reduce(
    (sum, [name, token]) =>
      token.endsWith('~}') ? sum.replace(new RegExp(`(?<=-)${name}(?![a-z0-9])`, 'g'), token) : sum.replaceAll(name, token),
    text,
  );
const unnamed = (text: string, names: Names): string => names.reduce((sum, [name, token]) => sum.replaceAll(token, name), text);

const withoutAccount = /^(route53|apigateway|s3):/;
function shortArn(arn: string): string {
  return arn.replace(/^arn:aws:/, '').replace(`:${accountId}:`, '::');
}

function longArn(text: string): string {
  if (text === '*') return text;
  return `arn:aws:${withoutAccount.test(text) ? text : text.replace(/^([a-z0-9-]+:[^:]*)::/, `$1:${accountId}:`)}`;
}

const rolePrefix = `arn:aws:iam::${accountId}:role/`;
const shortRole = (principal: string): string => principal.replace(rolePrefix, 'role ');
const longRole = (who: string): string => who.replace(/^role /, rolePrefix);

const code = (texts: readonly string[], between: string): string => texts.map((text) => `\`${text}\``).join(between);
const codes = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text);

function conditionTexts(conditions: Conditions): string[] {
  return Object.entries(conditions).flatMap(([operator, block]) =>
    Object.entries(block).map(([key, values]) => `${operator} ${key}: ${[values].flat().join(' or ')}`),
  );
}

function conditionsOf(texts: readonly string[]): Conditions {
  const conditions: Record<string, Record<string, string[]>> = {};
  for (const text of texts) {
    const [, operator, key, values] = /^(\S+) (\S+): (.*)$/.exec(text)!;
    (conditions[operator] ??= {})[key] = values.split(' or ');
  }
  return conditions;
}

const head = ['who', 'in', '', 'what', 'on', 'when'];

export function renderRows(rows: readonly Row[]): string[] {
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows.map(
      (row) =>
        `| ${[
          code([row.who], ''),
          row.where.join(', '),
          row.effect === 'Allow' ? 'may' : '**may not**',
          code(row.actions, ' '),
          code(row.resources, '<br>'),
          code(conditionTexts(row.conditions), '<br>') || '-',
        ].join(' | ')} |`,
    ),
  ];
}

/** Reads the two tables of a rendered document back: the first is of identity policies, the second of resources' own. */
export function readTable(text: string): Row[] {
  let by: Grant['by'] = 'identity';
  return text.split('\n').flatMap((line) => {
    if (line.startsWith("## What resources' own")) by = 'resource';
    const cells = line.startsWith('| `') ? line.slice(2, -2).split(' | ') : [];
    if (cells.length !== head.length) return [];
    const [who, where, effect, actions, resources, conditions] = cells;
    return [
      {
        who: codes(who)[0],
        where: where.split(', '),
        effect: effect === 'may' ? ('Allow' as const) : ('Deny' as const),
        by,
        actions: codes(actions),
        resources: codes(resources),
        conditions: conditionsOf(codes(conditions)),
      },
    ];
  });
}

/** Who takes each role on. */
export function trustLines(all: readonly Deployment[]): string[] {
  const byRole = new Map<string, Set<string>>();
  for (const deployment of all) {
    for (const { arn, stack, trust } of rolesOf(deployment)) {
      const who = named(shortRole(arn), regionNames(deployment, stack.region));
      for (const { principal, actions, effect, conditions } of trust) {
        const does = actions.join() === 'sts:AssumeRole' ? '' : ` ${code(actions, ' ')}`;
        const text = `${effect === 'Allow' ? '' : 'not '}\`${principal}\`${does}`;
        const when = code(
          conditionTexts(conditions).map((one) => named(one, regionNames(deployment, stack.region))),
          ' ',
        );
        byRole.set(who, (byRole.get(who) ?? new Set()).add(`${text}${when ? ` when ${when}` : ''}`));
      }
    }
  }
  return [
    '| role | taken on by |',
    '|---|---|',
    ...[...byRole]
      .sort(([one], [other]) => compare(one, other))
      .map(([who, by]) => `| \`${who.replace(/^role /, '')}\` | ${[...by].sort().join('<br>')} |`),
  ];
}
