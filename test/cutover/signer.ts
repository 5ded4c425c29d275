import { generateKeyPairSync, sign } from 'node:crypto';
import { AuditSigner } from '../../src/cutover/audit/service';
import { auditKey, AuditKey } from '../../src/cutover/audit/signature.domain';

/** A key of the audit as KMS would keep it. */
export class TestSigner implements AuditSigner {
  public readonly arn: string;
  /** SPKI in DER and base64, as `GetPublicKey` answers. */
  public readonly publicKey: string;
  private readonly pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  /** What was verified before: every step of a test is a worker of its own, and would verify the whole chain anew. */
  private readonly verified = new Map<string, boolean>();

  constructor(public readonly id = '11111111-2222-3333-4444-555555555555') {
    this.arn = `arn:aws:kms:eu-central-1:111122223333:key/${id}`;
    this.publicKey = this.pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  }

  public readonly key = (): Promise<AuditKey> => {
    this.known ??= Promise.resolve(this.remembering(auditKey(this.arn, this.publicKey)));
    return this.known;
  };
  public readonly sign = async (text: string): Promise<string> =>
    sign('sha256', Buffer.from(text), this.pair.privateKey).toString('base64');
  private known?: Promise<AuditKey>;

  private remembering({ id, made }: AuditKey): AuditKey {
    return {
      id,
      made: (signature, text) => {
        const both = `${signature} ${text}`;
        const known = this.verified.get(both) ?? made(signature, text);
        this.verified.set(both, known);
        return known;
      },
    };
  }
}
