import {
  AuthoriseCommand,
  AccountOutcome,
  KeyedOutcome,
  MoveCommand,
  OpenAccountCommand,
  OpenAccountOutcome,
  PaymentOutcome,
} from '../../src/ledger/model';

/** What a client asks for. */
export type Operation =
  | { readonly kind: 'open'; readonly command: OpenAccountCommand }
  | { readonly kind: 'authorise'; readonly command: AuthoriseCommand }
  | { readonly kind: 'move'; readonly command: MoveCommand }
  | { readonly kind: 'readAccount'; readonly accountId: string }
  | { readonly kind: 'readPayment'; readonly paymentId: string };

export type Outcome = OpenAccountOutcome | KeyedOutcome | AccountOutcome | PaymentOutcome | { readonly kind: 'failed' };

/** What came back for one sending of a request. */
export interface Answered {
  /** Steps give the total order of all that happened; times are for reading. */
  readonly sentStep: number;
  readonly step: number;
  readonly sentMs: number;
  readonly atMs: number;
  readonly region: string;
  readonly outcome: Outcome;
  /** Whether the release before has answered. */
  readonly older?: boolean;
}

/** One thing that one client wants, with all its sendings and answers. */
export interface Intent {
  readonly number: number;
  readonly tenant: string;
  readonly accountId: string;
  readonly operation: Operation;
  /** Of the workload's plan, so that a failure can be narrowed down to some of them. */
  readonly plan: number;
  firstStep?: number;
  firstMs?: number;
  /** When the client saw a final answer. */
  doneMs?: number;
  /** Every answer that a function gave, seen by the client or lost on the way: either could have been. */
  readonly answers: Answered[];
}

interface AccountName {
  readonly tenant: string;
  readonly accountId: string;
}

const accountOf = ({ tenant, accountId }: AccountName): string => `${tenant} ${accountId}`;

/** What the outside saw of a run. */
export class History {
  public readonly intents: Intent[] = [];
  private readonly accounts = new Map<string, Intent[]>();
  private readonly moves = new Map<string, Intent[]>();
  /** How often a function got to work on a key. */
  public readonly deliveries = new Map<string, number>();
  /** What a check at a single step found wrong. */
  public readonly broken: Violation[] = [];

  public add(intent: Omit<Intent, 'number' | 'answers'>): Intent {
    const added: Intent = { ...intent, number: this.intents.length, answers: [] };
    this.intents.push(added);
    const account = accountOf(intent);
    const others = this.accounts.get(account);
    if (others) others.push(added);
    else this.accounts.set(account, [added]);
    if (intent.operation.kind === 'move') {
      const { paymentId } = intent.operation.command;
      this.moves.set(paymentId, [...this.movesOf(paymentId), added]);
    }
    return added;
  }

  /** The moves that were asked of one payment, in order. */
  public movesOf(paymentId: string): readonly Intent[] {
    return this.moves.get(paymentId) ?? [];
  }

  /** What was asked of one account, in order. */
  public of(account: AccountName): readonly Intent[] {
    return this.accounts.get(accountOf(account)) ?? [];
  }

  /** A request of a client may be worked on more than once: its answer may rightly be a replay. */
  public doubtful(tenant: string, key: string | undefined): void {
    const scoped = `${tenant} ${key ?? ''}`;
    this.deliveries.set(scoped, (this.deliveries.get(scoped) ?? 0) + 1);
  }

  public delivered(intent: Intent): void {
    const key = scopedKey(intent);
    if (key !== undefined) this.deliveries.set(key, (this.deliveries.get(key) ?? 0) + 1);
  }
}

export interface Violation {
  /** Short and stable: the invariant's name. */
  readonly invariant: string;
  readonly detail: string;
  /** The payment that it is about. */
  readonly payment?: string;
  /** The account whose books show it, with its tenant. */
  readonly account?: string;
}

export function keyOf({ operation }: Intent): string | undefined {
  return operation.kind === 'authorise' || operation.kind === 'move' ? operation.command.idempotencyKey : undefined;
}

/** A key with its tenant: what must have one answer. */
export function scopedKey(intent: Intent): string | undefined {
  const key = keyOf(intent);
  return key === undefined ? undefined : `${intent.tenant} ${key}`;
}

/** Whether an outcome is the key's answer; anything else says "ask again". */
export function isFinal(outcome: Outcome): boolean {
  return ['answered', 'refused', 'keyReused', 'opened', 'differs', 'found'].includes(outcome.kind);
}

export function describeOperation({ tenant, operation }: Intent): string {
  switch (operation.kind) {
    case 'open':
      return `${tenant}: open ${operation.command.accountId} with ${operation.command.balance}`;
    case 'authorise':
      return `${tenant}: pay ${operation.command.amount} from ${operation.command.accountId}, key ${operation.command.idempotencyKey}`;
    case 'move': {
      const { type, paymentId, amount, idempotencyKey } = operation.command;
      return `${tenant}: ${type.toLowerCase()} ${amount ?? 'all'} of ${paymentId}, key ${idempotencyKey}`;
    }
    case 'readAccount':
      return `${tenant}: read account ${operation.accountId}`;
    case 'readPayment':
      return `${tenant}: read ${operation.paymentId}`;
  }
}

export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'answered': {
      const { status, declineReason, captured, refunded } = outcome.payment;
      return (
        `${outcome.replayed ? 'replayed ' : ''}${status}${declineReason ? ` (${declineReason})` : ''}, captured ${captured}, ` +
        `refunded ${refunded}`
      );
    }
    case 'refused':
      return `${outcome.replayed ? 'replayed ' : ''}refused: ${outcome.code}`;
    case 'found':
      return 'account' in outcome
        ? `available ${outcome.account.available}, held ${outcome.account.held}, settled ${outcome.account.settled}`
        : `${outcome.payment.status}, captured ${outcome.payment.captured}, refunded ${outcome.payment.refunded}`;
    case 'rejected':
    case 'unsure':
    case 'busy':
      return `${outcome.kind}: ${outcome.code}`;
    default:
      return outcome.kind;
  }
}
