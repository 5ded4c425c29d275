/** An event is not of the envelope's form. Nothing was sent. */
export class InvalidEvent extends Error {
  public readonly code = 'invalid_event';
  public readonly retryable = false;

  constructor(at: number, problem: string) {
    super(`event ${at} of the call: ${problem}; fix: change it and publish again; no event of this call was sent`);
    this.name = 'InvalidEvent';
  }
}

/**
 * Neither EventBridge nor the dead-letter queue took some of the events: whoever publishes has to publish them again, once what refused
 * them is mended.
 */
export class EventsNotPublished extends Error {
  public readonly code = 'events_not_published';
  /** Whether publishing again, as it is, may do: false when all of them were refused for good. */
  public readonly retryable: boolean;

  /**
   * @param events IDs of those that nobody has
   * @param refused those of them that EventBridge refused for good: it will refuse them again until the cause is mended
   */
  constructor(
    public readonly events: readonly string[],
    reason: string,
    public readonly refused: readonly string[] = [],
  ) {
    super(`${events.length} events were not published: ${reason}; fix: ${mendOf(events.length, refused.length)}`);
    this.name = 'EventsNotPublished';
    this.retryable = refused.length < events.length;
  }
}

function mendOf(events: number, refused: number): string {
  if (refused === 0) return 'publish them again, with the same IDs';
  const cause = 'remove the cause that EventBridge names (a missing grant, a malformed event): until then it refuses them each time';
  return refused === events ? cause : `publish them again, with the same IDs, but for the ${refused} in 'refused': for those ${cause}`;
}
