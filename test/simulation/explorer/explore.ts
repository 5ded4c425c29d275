import { Actor, Heard } from './actor';
import { Contents, VersionedTable } from './versions';
import { Request } from '../tables/table';

/** What can be explored: calls on a table, and what must hold of it. */
export interface Explored {
  readonly table: VersionedTable;
  readonly start: Contents;
  readonly actors: readonly Actor[];
  /** How many requests may be lost sight of: their senders hear of a fault, and they land at any time later, or never. */
  readonly faults: number;
  /** What is wrong at a state, whatever comes after; undefined: nothing. `ended`: by actor, what it answered. */
  readonly check: (contents: Contents, ended: readonly (string | undefined)[]) => string | undefined;
  /** What is wrong with what others read at a state; once for each table's contents. */
  readonly seen: (contents: Contents) => Promise<string | undefined>;
  /** The same where nobody is at work any more; once for each table's contents and answers. */
  readonly settled: (contents: Contents, ended: readonly (string | undefined)[]) => Promise<string | undefined>;
  /** Gives up, without a verdict, beyond so many states. */
  readonly statesAtMost: number;
}

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  /** Ways in which all came to their end: contents and answers. */
  readonly endings: number;
  readonly complete: boolean;
  /** The steps that lead to what is wrong. */
  readonly violation?: { readonly what: string; readonly steps: readonly string[] };
}

/** A dead actor's place. */
const dead = -1;

interface State {
  readonly contents: Contents;
  readonly places: readonly number[];
  /** Requests on their way whose senders are gone, or have given up on them. */
  readonly afloat: readonly number[];
  readonly faults: number;
}

interface Reached {
  readonly state: State;
  readonly from: number;
  readonly step: string;
}

/** Goes through all orders of what can happen, breadth first: so what it finds wrong is as short as can be. */
export class Explorer {
  private readonly seen = new Map<string, number>();
  private readonly queue: Reached[] = [];
  private readonly requests: Request[] = [];
  private readonly requestNumbers = new Map<string, number>();
  private readonly endings = new Map<string, Promise<string | undefined>>();
  private readonly sights = new Map<string, Promise<string | undefined>>();
  private transitions = 0;

  constructor(private readonly explored: Explored) {}

  public async run(): Promise<Exploration> {
    const { actors, start, faults, statesAtMost } = this.explored;
    const places = await Promise.all(actors.map((actor) => actor.begin()));
    this.reach({ contents: start, places, afloat: [], faults }, -1, 'start');
    for (let at = 0; at < this.queue.length; at += 1) {
      if (this.queue.length > statesAtMost) return this.result(false);
      const what = await this.judge(this.queue[at].state);
      if (what !== undefined) return { ...this.result(true), violation: { what, steps: this.stepsTo(at) } };
      await this.expand(at);
    }
    return this.result(true);
  }

  private result(complete: boolean): Exploration {
    return { states: this.queue.length, transitions: this.transitions, endings: this.endings.size, complete };
  }

  private async judge({ contents, places }: State): Promise<string | undefined> {
    const { actors, check, seen, settled } = this.explored;
    const ended = places.map((place, at) => (place === dead ? undefined : actors[at].places[place].ended));
    const wrong = check(contents, ended);
    if (wrong !== undefined) return wrong;
    const table = contents.join();
    const read = this.sights.get(table) ?? seen(contents);
    this.sights.set(table, read);
    const misread = await read;
    if (misread !== undefined) return misread;
    if (places.some((place, at) => place !== dead && ended[at] === undefined)) return undefined;
    const key = `${table}|${ended.join('|')}`;
    const known = this.endings.get(key) ?? settled(contents, ended);
    this.endings.set(key, known);
    return known;
  }

  private async expand(at: number): Promise<void> {
    const { state } = this.queue[at];
    const { actors, table } = this.explored;
    for (const [number, place] of state.places.entries()) {
      if (place === dead) continue;
      const { waiting } = actors[number].places[place];
      if (waiting.length === 0) continue;
      for (const { request, sent } of waiting) await this.serve(at, number, request, sent);
      // It dies: what it has sent may land all the same, at any time.
      const orphaned = waiting.filter(({ sent }) => isWrite(sent)).map(({ sent }) => this.requestNumber(sent));
      this.reach(
        { ...state, places: replaced(state.places, number, dead), afloat: sorted([...state.afloat, ...orphaned]) },
        at,
        `${actors[number].name} dies`,
      );
    }
    for (const [which, request] of state.afloat.entries()) {
      const afloat = state.afloat.filter((_, other) => other !== which);
      const sent = this.requests[request];
      for (const { contents } of table.effects(state.contents, sent)) {
        this.reach({ ...state, contents, afloat }, at, `late: ${describe(sent)}`);
      }
    }
  }

  private async serve(at: number, number: number, request: number, sent: Request): Promise<void> {
    const { state } = this.queue[at];
    const { actors, table } = this.explored;
    const actor = actors[number];
    const after = (heard: Heard): Promise<number> => actor.hear(state.places[number], request, heard);
    for (const { contents, answer } of table.effects(state.contents, sent)) {
      const place = await after({ kind: 'answer', answer });
      this.reach(
        { ...state, contents, places: replaced(state.places, number, place) },
        at,
        `${actor.name}: ${describe(sent)} -> ${outcomeOf(answer)}${answerOf(actor, place)}`,
      );
    }
    if (state.faults === 0) return;
    const place = await after({ kind: 'fault' });
    const afloat = isWrite(sent) ? sorted([...state.afloat, this.requestNumber(sent)]) : state.afloat;
    this.reach(
      { ...state, places: replaced(state.places, number, place), afloat, faults: state.faults - 1 },
      at,
      `${actor.name}: ${describe(sent)} -> not heard of${answerOf(actor, place)}`,
    );
  }

  private reach(state: State, from: number, step: string): void {
    this.transitions += 1;
    const key = `${state.contents.join()}|${state.places.join()}|${state.afloat.join()}|${state.faults}`;
    if (this.seen.has(key)) return;
    this.seen.set(key, this.queue.length);
    this.queue.push({ state, from, step });
  }

  private requestNumber(request: Request): number {
    const text = JSON.stringify(request);
    const known = this.requestNumbers.get(text) ?? this.requests.length;
    if (known === this.requests.length) this.requests.push(request);
    this.requestNumbers.set(text, known);
    return known;
  }

  private stepsTo(at: number): readonly string[] {
    const steps: string[] = [];
    for (let place = at; place >= 0; place = this.queue[place].from) steps.unshift(this.queue[place].step);
    return steps;
  }
}

const isWrite = ({ kind }: Request): boolean => kind === 'create' || kind === 'change';
const sorted = (numbers: readonly number[]): readonly number[] => [...numbers].sort((one, other) => one - other);
const replaced = (places: readonly number[], at: number, place: number): readonly number[] =>
  places.map((other, number) => (number === at ? place : other));

function describe(request: Request): string {
  switch (request.kind) {
    case 'create':
      return `create ${request.item.pk} as ${String(request.item.kind)} of ${String(request.item.nonce)}`;
    case 'change': {
      const { pk, set = [], remove = [] } = request.change;
      const parts = [
        ...set.filter(([[name]]) => !name.startsWith('written')).map(([path, value]) => `${path.join('.')} = ${JSON.stringify(value)}`),
        ...remove.map((path) => `remove ${path.join('.')}`),
      ];
      return `change ${pk}: ${parts.join(', ')}`;
    }
    case 'read':
      return `read ${request.pk}${request.strong ? '' : ' (eventually)'}`;
    case 'readMany':
      return `read ${request.pks.join(', ')}`;
    case 'list':
      return `list ${request.account}`;
  }
}

function outcomeOf(answer: unknown): string {
  const { kind, nonce } = (answer ?? {}) as { readonly kind?: string; readonly nonce?: string };
  return answer === undefined ? 'none' : `${kind ?? 'found'}${nonce === undefined ? '' : ` of ${nonce}`}`;
}

function answerOf(actor: Actor, place: number): string {
  const { ended } = actor.places[place];
  return ended === undefined ? '' : `; ends with ${ended.slice(0, 160)}`;
}
