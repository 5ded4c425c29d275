import { PropProblem } from '../../cdk/checks/invalid-props';
import { ScopeNames, apiScopes, defaultScopeNames, scopeNamesOf } from '../caller.contract';

/** What a caller may do. None contains another. */
export enum PaymentsScope {
  /** Open funded accounts. */
  OPERATE = 'operate',
  /** Authorise, capture, void and refund payments. */
  PAY = 'pay',
  /** Read accounts, payments and transactions. */
  READ = 'read',
}

/** What the scopes are called in tokens. */
export interface PaymentsScopeNames {
  /**
   * Opens funded accounts.
   *
   * @default 'payments/operate'
   */
  readonly operate?: string;

  /**
   * Authorises, captures, voids and refunds payments.
   *
   * @default 'payments/pay'
   */
  readonly pay?: string;

  /**
   * Reads accounts, payments and transactions.
   *
   * @default 'payments/read'
   */
  readonly read?: string;
}

/** The scopes that calls need, by their names in tokens. A token without the scope of a call gets 403. */
export class PaymentsScopes {
  /** Scopes with names of the team's own: three different ones of visible ASCII characters without `"` and `\`. */
  public static named(names: PaymentsScopeNames): PaymentsScopes {
    return new PaymentsScopes({ ...defaultScopeNames, ...names });
  }

  /** Scopes of a Cognito resource server of this identifier: `identifier/operate`, `identifier/pay`, `identifier/read`. */
  public static ofResourceServer(identifier: string): PaymentsScopes {
    return new PaymentsScopes(scopeNamesOf(identifier));
  }

  /** No scopes: whoever has a valid token may make every call for its tenant, open funded accounts too. */
  public static unchecked(): PaymentsScopes {
    return new PaymentsScopes(undefined);
  }

  /** @internal The names; undefined when every caller has every scope. */
  public readonly _names?: ScopeNames;

  private constructor(names: ScopeNames | undefined) {
    this._names = names;
  }

  /** @internal What is wrong with the names; undefined when nothing is. */
  public _problem(): PropProblem | undefined {
    if (this._names === undefined) return undefined;
    const names = apiScopes.map((scope) => this._names![scope]);
    // RFC 6749, 3.3: what a scope may look like; API Gateway's context takes it as text.
    const wellFormed = names.every((name) => name.length <= 256 && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name));
    if (wellFormed && new Set(names).size === names.length) return undefined;
    return {
      prop: 'authorization.scopes',
      given: JSON.stringify(this._names),
      allowed: 'three different names of 1 to 256 visible ASCII characters without " and \\',
      mend: 'name a scope for operators, payers and readers each, or use PaymentsScopes.unchecked() if every caller may make every call',
    };
  }
}
