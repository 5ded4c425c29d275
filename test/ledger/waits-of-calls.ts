/** How often a call waits, one wait after the other. What is sent at once is one wait. */
export interface Waits {
  /** For another region, in STRONG: the crossings. */
  readonly crossings: number;
  /** For any answer, in STRONG, crossings included. */
  readonly strong: number;
  /** For any answer, in HOME_REGION, where none crosses. */
  readonly home: number;
}

const waits = (crossings: number, strong: number, home: number): Waits => ({ crossings, strong, home });

/** Counted by `crossings.test.ts`; the estimate of costs takes them from here. */
export const waitsOfCalls = {
  'an authorization': waits(1, 2, 2),
  'an authorization that is declined': waits(2, 3, 3),
  'a first replay': waits(2, 3, 3),
  'a replay': waits(0, 1, 1),
  'a capture': waits(3, 5, 6),
  'a void': waits(3, 5, 6),
  'a refund': waits(4, 5, 6),
  'a GET of an account': waits(1, 1, 1),
  'a GET of a payment without a stored outcome': waits(1, 3, 2),
  'a GET of a captured payment': waits(1, 2, 1),
  'a GET of a payment that is refunded in part': waits(1, 2, 1),
  'a GET of a voided payment': waits(0, 1, 1),
  'a GET of a payment whose decline is stored': waits(0, 1, 1),
  'a page of transactions': waits(2, 3, 3),
} as const satisfies Readonly<Record<string, Waits>>;
