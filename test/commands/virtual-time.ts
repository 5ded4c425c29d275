import { turns } from '../turns';

/** Time that goes on when all wait: what sleeps is woken in order, and nothing takes any time itself. */
export class VirtualTime {
  private now = 1_800_000_000_000;
  private readonly sleeping: { readonly untilMs: number; readonly wake: () => void }[] = [];
  private advancing = false;

  readonly nowMs = (): number => this.now;

  readonly sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      this.sleeping.push({ untilMs: this.now + ms, wake: resolve });
      void this.advance();
    });

  private async advance(): Promise<void> {
    if (this.advancing) return;
    this.advancing = true;
    const turn = turns('what sleeps', 100_000);
    while (this.sleeping.length > 0) {
      turn();
      // Whoever is at work comes to its next wait first.
      for (let count = 0; count < 20; count += 1) await new Promise(setImmediate);
      this.sleeping.sort((a, b) => a.untilMs - b.untilMs);
      const next = this.sleeping.shift()!;
      this.now = Math.max(this.now, next.untilMs);
      next.wake();
    }
    this.advancing = false;
  }
}
