import { setTimeout as sleep } from 'node:timers/promises';
import { describe, type Disturbance, type Places } from './schedule';
import type { Client } from '../callers/client';

/** Breaks a run and mends it, through the switches of its front door. */
export class Disturber {
  /** Healed disturbances with their times, epoch milliseconds. */
  public readonly done: { readonly disturbance: Disturbance; readonly from: number; readonly to: number }[] = [];

  constructor(
    private readonly client: Client,
    private readonly log: (line: string) => void,
  ) {}

  public async run(disturbances: readonly Disturbance[]): Promise<void> {
    await Promise.all(
      disturbances.map(async (disturbance) => {
        await sleep(disturbance.at * 1000);
        const from = Date.now();
        this.log(`broken: ${describe(disturbance)}`);
        await this.set(disturbance, true);
        await sleep(disturbance.lasts * 1000);
        await this.set(disturbance, false);
        this.done.push({ disturbance, from, to: Date.now() });
        this.log(`healed: ${describe(disturbance)}`);
      }),
    );
  }

  /** Mends everything; resolves to whether all regions are healthy within a minute. */
  public async healAll({ regions, links }: Places): Promise<boolean> {
    for (const region of regions) await this.switch(`/_local/regions/${region}/start`);
    for (const { from, to } of links) await this.switch(`/_local/links/${from}/${to}`, { partitioned: false });
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(500)) {
      const answers = await Promise.all(regions.map((region) => this.client.once({ path: '/health', region }).catch(() => undefined)));
      if (answers.every((answer) => answer?.status === 200)) return true;
    }
    return false;
  }

  private async set(disturbance: Disturbance, broken: boolean): Promise<void> {
    if (disturbance.kind === 'stop') return this.switch(`/_local/regions/${disturbance.region}/${broken ? 'stop' : 'start'}`);
    const { from, to, bothWays } = disturbance;
    await this.switch(`/_local/links/${from}/${to}`, { partitioned: broken });
    if (bothWays) await this.switch(`/_local/links/${to}/${from}`, { partitioned: broken });
  }

  private async switch(path: string, body?: object): Promise<void> {
    const { status, text } = await this.client.once({ method: 'POST', path, body });
    if (status !== 200) throw new Error(`POST ${path}: ${status} ${text.slice(0, 200)}`);
  }
}
