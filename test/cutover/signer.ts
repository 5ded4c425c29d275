import { generateKeyPairSync, sign } from 'node:crypto';
import { auditKey, AuditKey } from '../../src/cutover/audit-signature.domain';
import { AuditSigner } from '../../src/cutover/audit.service';

/** A key of the audit as KMS would keep it. */
export class TestSigner implements AuditSigner {
  public readonly arn: string;
  /** SPKI in DER and base64, as `GetPublicKey` answers. */
  public readonly publicKey: string;
  private readonly pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  constructor(public readonly id = '11111111-2222-3333-4444-555555555555') {
    this.arn = `arn:aws:kms:eu-central-1:111122223333:key/${id}`;
    this.publicKey = this.pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  }

  public readonly key = async (): Promise<AuditKey> => auditKey(this.arn, this.publicKey);
  public readonly sign = async (text: string): Promise<string> => sign('sha256', Buffer.from(text), this.pair.privateKey).toString('base64');
}
