/** Share of the clients whose resolver keeps the old answer for good, after the name was moved: what DNS shifts leave behind. */
export const staleShare = 0.08;

/** The public name where one region writes for each account: it leads to the home, wherever that was moved or taken over to. */
export class PublicName {
  private current: string;
  private former?: string;

  constructor(
    private readonly regions: readonly string[],
    first: string,
    private readonly isUp: (region: string) => boolean,
  ) {
    this.current = first;
  }

  public moveTo(region: string): void {
    if (region === this.current) return;
    this.former = this.current;
    this.current = region;
  }

  /**
   * Where a client goes. A stale one goes where the name led before, whether or not that region works; others follow name and health
   * checks.
   */
  public resolve(stale: boolean): { readonly region: string; readonly old: boolean } {
    if (stale && this.former !== undefined) return { region: this.former, old: true };
    return { region: this.isUp(this.current) ? this.current : this.regions.find((region) => region !== this.current)!, old: false };
  }
}
