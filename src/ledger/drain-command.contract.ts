import { drainKey, ledgerSchema, switchAttributes } from './contract';

/** A region's switch, and the region through which it is written: the drained one may be the one that does not answer. */
export interface TypedSwitch {
  readonly tableName: string;
  readonly region: string;
  readonly through: string;
}

/** The shell refuses the command where the name is not set. */
const typedOwner = `'"\${ME:?set it to your name}"'`;

const now = `{"N":"'$(date +%s)000'"}`;

/**
 * What a person types to drain a region: refused where a drill or another person has drained it. A switch whose time is over drains
 * nothing, and is replaced.
 */
export function drainCommand(asked: TypedSwitch): string {
  const item = `{${keyOf(asked)},"${switchAttributes.owner}":{"S":"${typedOwner}"},"${switchAttributes.at}":${now}}`;
  const condition = `attribute_not_exists(${ledgerSchema.partitionKey}) OR ${switchAttributes.until} < :now`;
  return (
    `${call('put-item', asked)} --item '${item}' --condition-expression '${condition}' ` + `--expression-attribute-values '{":now":${now}}'`
  );
}

/** What a person types to put a region back: refused where the switch is not the person's own. */
export function restoreCommand(asked: TypedSwitch): string {
  const values = `{":me":{"S":"${typedOwner}"}}`;
  const condition = `--condition-expression '${switchAttributes.owner} = :me' --expression-attribute-values '${values}'`;
  return `${call('delete-item', asked)} --key '{${keyOf(asked)}}' ${condition}`;
}

const call = (operation: string, { tableName, through }: TypedSwitch): string =>
  `aws dynamodb ${operation} --region ${through} --table-name ${tableName}`;
const keyOf = ({ region }: TypedSwitch): string => `"${ledgerSchema.partitionKey}":{"S":"${drainKey(region)}"}`;
