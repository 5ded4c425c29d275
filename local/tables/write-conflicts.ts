/**
 * Which items are being modified, and from where. A write that meets another region's write of the same item before that
 * one is committed loses; writes of one region are put in order by its own replica and do not conflict.
 */
export class WritesInFlight {
  private readonly byItem = new Map<string, { region: string; count: number }>();

  /** Registers the write of all these items, or registers nothing and returns undefined when one is being modified from elsewhere. */
  public begin(region: string, items: readonly string[]): (() => void) | undefined {
    if (items.some((item) => (this.byItem.get(item)?.region ?? region) !== region)) return undefined;
    for (const item of items) {
      const entry = this.byItem.get(item);
      if (entry) entry.count += 1;
      else this.byItem.set(item, { region, count: 1 });
    }
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      items.forEach((item) => this.end(item));
    };
  }

  private end(item: string): void {
    const entry = this.byItem.get(item)!;
    entry.count -= 1;
    if (entry.count === 0) this.byItem.delete(item);
  }
}
