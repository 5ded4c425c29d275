/** An event is not of the envelope's form. Nothing was sent. */
export class InvalidEvent extends Error {
  public readonly code = 'invalid_event';
  public readonly retryable = false;

  constructor(at: number, problem: string) {
    super(`event ${at} of the call: ${problem}; mend: change it, nothing of this call was sent`);
    this.name = 'InvalidEvent';
  }
}

/** Neither EventBridge nor the dead-letter queue took some of the events: whoever publishes has to publish them again. */
export class EventsNotPublished extends Error {
  public readonly code = 'events_not_published';
  public readonly retryable = true;

  /** @param events IDs of those that nobody has */
  constructor(public readonly events: readonly string[], reason: string) {
    super(`${events.length} events were not published: ${reason}; mend: publish them again, with the same IDs`);
    this.name = 'EventsNotPublished';
  }
}
