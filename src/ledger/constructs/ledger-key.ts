import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Alias, CfnKey, IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { ledgerKeyAlias } from './ledger-encryption';
import { PaymentRegions } from './payment-regions';
import { checkRegions, checkSystemName, declareLedgerPart } from './system-checks';
import { keepResource } from '../../cdk/checks/kept-resource';
import { checkLiterals } from '../../cdk/checks/literals';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { ownResource } from '../../cdk/deployment-order';
import { providePart } from '../../cdk/named-parts';

/** Properties of `LedgerKey`. */
export interface LedgerKeyProps {
  /** Name of the system: 3 to 40 lower-case letters, digits and hyphens; the same in every stack. */
  readonly systemName: string;

  /** The system's regions. */
  readonly regions: PaymentRegions;

  /**
   * What happens to the key when it leaves the stack. A deleted key makes the replica and its backups unreadable.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * The key that encrypts the ledger's replica in this stack's region, with the alias by which the table and the grants find it.
 * One per replica, deployed before the table: see the example's order of keys, table, regions.
 */
export class LedgerKey extends Construct {
  /** The key. */
  public readonly key: IKey;

  constructor(scope: Construct, id: string, props: LedgerKeyProps) {
    super(scope, id);
    checkSystemName(this, props.systemName);
    checkLiterals(this, props);
    checkRegions(this, props.regions);
    declareLedgerPart(this, 'LedgerKey', { systemName: props.systemName, regions: props.regions });
    declareOnce(this, { kind: 'LedgerKey', prop: 'systemName', name: props.systemName });
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.key = new Key(this, 'Key', {
      description: `Ledger of ${props.systemName}`,
      enableKeyRotation: true,
      pendingWindow: Duration.days(30),
      removalPolicy,
    });
    keepResource(this, this.key.node.defaultChild as CfnKey, removalPolicy, [
      { name: 'EnableKeyRotation', isKept: ({ EnableKeyRotation }) => EnableKeyRotation === true },
    ]);
    const alias = new Alias(this, 'Alias', { aliasName: ledgerKeyAlias(props.systemName), targetKey: this.key, removalPolicy });
    providePart(this, { kind: 'ledger key', systemName: props.systemName, regions: [Stack.of(this).region] }, ownResource(alias));
  }
}
