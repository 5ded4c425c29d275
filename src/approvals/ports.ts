import { ApprovalRecord, ApprovalRequest, ApprovalResult, ApprovalView } from './model';

/** Keeps requests and their record. */
export interface ApprovalStore {
  /** Stores a new request with its first record. `exists`: the ID is taken, or this very call was repeated. */
  create(request: ApprovalRequest, record: ApprovalRecord): Promise<'created' | 'exists'>;
  /** Reads what was written last. */
  read(id: string): Promise<ApprovalRequest | undefined>;
  /**
   * Replaces the request if its stored version is the one before `next.version`, and adds the record, both or neither.
   * `lost`: somebody else wrote meanwhile.
   */
  replace(next: ApprovalRequest, record?: ApprovalRecord): Promise<'replaced' | 'lost'>;
  /** IDs of the requests that are due at this time, oldest first. What was written in the last seconds may be missing. */
  due(nowMs: number, limit: number): Promise<readonly string[]>;
  /** How many requests are open or not delivered. */
  pending(): Promise<number>;
}

/** Step Functions. */
export interface TokenTasks {
  /** Tells the execution. `closed`: it does not wait for this token, any more or ever. Throws when that is not known. */
  succeed(token: string, result: ApprovalResult): Promise<'sent' | 'closed'>;
  /** Says that the task is still alive, and learns whether the execution is. */
  heartbeat(token: string): Promise<'waiting' | 'closed'>;
}

/** What people are told. */
export type ApprovalMessage = 'asked' | 'reminder' | 'escalation' | 'withdrawn';

/** Tells people. It gets the view: there is no token in it to leak. */
export type Notify = (message: ApprovalMessage, view: ApprovalView) => Promise<void>;

export interface GatePorts {
  readonly store: ApprovalStore;
  readonly tasks: TokenTasks;
  readonly notify: Notify;
  readonly nowMs: () => number;
  /** 128 bits of chance, base64url. */
  readonly newId: () => string;
  /** Something went wrong that somebody will try again. */
  readonly fault: (what: string, id: string, thrown: unknown) => void;
}
