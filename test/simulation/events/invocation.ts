import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutEntry } from '../../../src/events/model';
import { PublishPorts, PutResult } from '../../../src/events/publishing/publish.service';
import { LedgerPorts } from '../../../src/ledger/ports';
import { MemoryDynamo } from '../../contract/memory-dynamo';
import { Ended, local, Process, ProcessWorld, Route } from '../process';
import { Table } from '../tables/table';

/** What the mesh's functions run in. */
export interface MeshAround extends ProcessWorld {
  readonly table: Table;
  readonly route: Route;
}

const timeoutMs = 17_000;
/** Time kept back to answer in. */
const reserveMs = 2_000;
/** As often as the SDK sends a request that came to nothing. */
const tries = 3;

/** One invocation of a function of the mesh, in a process of its own that is ended at its timeout. */
export class Invocation extends Process {
  public readonly ports: Omit<LedgerPorts, 'decide'>;
  public readonly deadlineMs: number;

  constructor(around: MeshAround, region: string, name: string) {
    super(around, region, name);
    const { geography, chance, scheduler } = around;
    const clockOff = chance.below(11) - 5;
    let nonces = 0;
    this.ports = {
      store: this.storeOf(around.table, around.route),
      nowMs: () => geography.clockMs(region) + clockOff,
      random: chance.next,
      nonce: () => `${name}.${(nonces += 1)}`,
      sleep: (ms) => new Promise((resolve) => scheduler.after(ms, () => this.wake(() => resolve()))),
    };
    this.deadlineMs = this.ports.nowMs() + timeoutMs - reserveMs;
  }

  public run<T>(work: (invocation: this) => Promise<T>, ended: (ended: Ended<T>) => void): void {
    this.start(() => work(this), ended, timeoutMs);
  }

  /** A request to another service of the region, with all that can befall it. */
  public async request<T>(what: string, effect: () => T): Promise<T> {
    const result = await this.travel(what, local, (): { value: T } | { error: Error } => {
      try {
        return { value: effect() };
      } catch (error) {
        return { error: error as Error };
      }
    });
    if ('error' in result) throw result.error;
    return result.value;
  }

  /** The same, sent again as the SDK does. */
  public async persistently<T>(what: string, effect: () => T): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.request(what, effect);
      } catch (error) {
        if (!(error instanceof this.around.subject.StoreFault) || attempt === tries) throw error;
      }
    }
  }

  public dynamo(database: MemoryDynamo): DynamoDBClient {
    return database.client((effect, what) => this.persistently(what, effect));
  }

  /** Ports for publishing to a bus of this region. */
  public publishPorts(accept: (entries: readonly PutEntry[]) => readonly PutResult[]): PublishPorts {
    const { subject } = this.around;
    return {
      ...this.ports,
      put: (entries) =>
        this.request(`PutEvents ${entries.map(({ detailType }) => detailType).join()}`, () => accept(entries)).catch((error: Error) => {
          throw new subject.PutFailed(error.message, true);
        }),
    };
  }
}
