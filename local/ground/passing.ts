/** A request that a region's API was given. */
export interface ApiAnswer {
  readonly region: string;
  /** Absent: nobody answered. */
  readonly status?: number;
  /** Since the region was asked. */
  readonly tookMs: number;
}

/** A call of DynamoDB that was answered. */
export interface TableCall {
  readonly region: string;
  readonly operation: string;
  readonly body: Buffer;
  readonly status: number;
  readonly tookMs: number;
}

/** Told of what passes, for whoever measures it. */
export interface PassingCalls {
  called?: (call: TableCall) => void;
  answered?: (answer: ApiAnswer) => void;
}
