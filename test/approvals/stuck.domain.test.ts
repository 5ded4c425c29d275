import { HistoryEvent, openTasks } from '../../src/approvals/stuck/domain';
import { Sample, sampleApprovals, SamplerPorts } from '../../src/approvals/stuck/service';

const start = Date.UTC(2026, 10, 22);
const token = 'invoke.waitForTaskToken';

/** `[type, previous event, minute, resource or state]`, numbered from 1, as Step Functions does. */
type Line = [type: string, previousId: number | undefined, minute: number, more?: string];

function history(...lines: Line[]): HistoryEvent[] {
  return lines.map(([type, previousId, minute, more], at) => ({
    id: at + 1,
    previousId,
    type,
    atMs: start + minute * 60_000,
    ...(type.endsWith('Entered') ? { state: more } : more === undefined ? {} : { resource: more }),
  }));
}

const parked = history(
  ['ExecutionStarted', 0, 0],
  ['TaskStateEntered', 0, 1, 'Approve'],
  ['TaskScheduled', 2, 1, token],
  ['TaskStarted', 3, 1, token],
  ['TaskSubmitted', 4, 1, token],
);
const waits = (minute: number, state = 'Approve'): object => ({ state, sinceMs: start + minute * 60_000 });

test.each<[string, HistoryEvent[], object[]]>([
  ['a parked task', parked, [waits(1)]],
  [
    'a task that has its answer',
    [...parked, ...history(['TaskSucceeded', 5, 9, token], ['TaskStateExited', 6, 9]).map((event) => ({ ...event, id: event.id + 5 }))],
    [],
  ],
  [
    'a task that needs no token',
    history(['ExecutionStarted', 0, 0], ['TaskStateEntered', 0, 1, 'Work'], ['TaskScheduled', 2, 1, 'invoke']),
    [],
  ],
  [
    'a task that is tried again waits since it was entered',
    history(
      ['ExecutionStarted', 0, 0],
      ['TaskStateEntered', 0, 1, 'Approve'],
      ['TaskScheduled', 2, 1, token],
      ['TaskStarted', 3, 1, token],
      ['TaskFailed', 4, 30],
      ['TaskScheduled', 5, 31, token],
    ),
    [waits(1)],
  ],
  [
    'a state that is entered again waits since then',
    history(
      ['TaskStateEntered', 0, 1, 'Approve'],
      ['TaskScheduled', 1, 1, token],
      ['TaskTimedOut', 2, 60],
      ['TaskStateExited', 3, 60],
      ['TaskStateEntered', 4, 61, 'Approve'],
      ['TaskScheduled', 5, 61, token],
    ),
    [waits(61)],
  ],
  [
    'branches of a Parallel state, one answered',
    history(
      ['ParallelStateEntered', 0, 0, 'Both'],
      ['ParallelStateStarted', 1, 0],
      ['TaskStateEntered', 2, 1, 'A'],
      ['TaskStateEntered', 2, 2, 'B'],
      ['TaskScheduled', 3, 1, token],
      ['TaskScheduled', 4, 2, token],
      ['TaskSucceeded', 5, 3, token],
      ['TaskStateExited', 7, 3],
    ),
    [waits(2, 'B')],
  ],
  [
    'iterations of a Map, the oldest first',
    history(
      ['MapStateEntered', 0, 0, 'Each'],
      ['MapStateStarted', 1, 0],
      ['MapIterationStarted', 2, 0],
      ['MapIterationStarted', 2, 0],
      ['TaskStateEntered', 4, 7, 'Approve'],
      ['TaskStateEntered', 3, 5, 'Approve'],
      ['TaskScheduled', 5, 7, token],
      ['TaskScheduled', 6, 5, token],
    ),
    [waits(5), waits(7)],
  ],
  [
    'a Map in a Parallel state',
    history(
      ['ParallelStateEntered', 0, 0, 'Both'],
      ['ParallelStateStarted', 1, 0],
      ['MapStateEntered', 2, 0, 'Each'],
      ['MapStateStarted', 3, 0],
      ['MapIterationStarted', 4, 0],
      ['TaskStateEntered', 5, 3, 'Inner'],
      ['TaskScheduled', 6, 3, token],
      ['TaskStateEntered', 2, 4, 'Other'],
      ['TaskScheduled', 8, 4, 'invoke'],
    ),
    [waits(3, 'Inner')],
  ],
  [
    'a branch that ended with its Parallel state, which was caught',
    history(
      ['ParallelStateEntered', 0, 0, 'Both'],
      ['ParallelStateStarted', 1, 0],
      ['TaskStateEntered', 2, 1, 'A'],
      ['TaskScheduled', 3, 1, token],
      ['TaskStateEntered', 2, 1, 'B'],
      ['TaskScheduled', 5, 1, 'invoke'],
      ['TaskFailed', 6, 2],
      ['ParallelStateFailed', 7, 2],
      ['ParallelStateExited', 8, 2],
      ['TaskStateEntered', 9, 3, 'Approve after all'],
      ['TaskScheduled', 10, 3, token],
    ),
    [waits(3, 'Approve after all')],
  ],
  [
    'an iteration aborted with the Map',
    history(
      ['MapStateEntered', 0, 0, 'Each'],
      ['MapStateStarted', 1, 0],
      ['MapIterationStarted', 2, 0],
      ['TaskStateEntered', 3, 0, 'A'],
      ['TaskScheduled', 4, 0, token],
      ['MapIterationStarted', 2, 0],
      ['MapIterationFailed', 6, 1],
      ['MapStateFailed', 7, 1],
    ),
    [],
  ],
  [
    'an engine that does not say what led to what',
    history(
      ['ExecutionStarted', undefined, 0],
      ['TaskStateEntered', undefined, 1, 'Approve'],
      ['TaskScheduled', undefined, 1, 'arn:aws:states:::lambda:invoke.waitForTaskToken'],
    ),
    [waits(1)],
  ],
])('%s', (_name, events, expected) => {
  expect(openTasks(events)).toEqual(expected);
});

function portsOf(executions: Record<string, HistoryEvent[] | Error>, change: Partial<SamplerPorts> = {}): SamplerPorts {
  return {
    running: () => Promise.resolve({ executions: Object.keys(executions).map((arn, at) => ({ arn, startedMs: start + at })), all: true }),
    history: (arn) =>
      executions[arn] instanceof Error ? Promise.reject(executions[arn] as Error) : Promise.resolve(executions[arn] as HistoryEvent[]),
    nowMs: () => start + 3_600_000,
    fault: () => undefined,
    ...change,
  };
}

const sample = (ports: SamplerPorts, states?: string[]): Promise<Sample> => sampleApprovals(ports, states, start + 3_660_000);

describe('a sample', () => {
  test('finds the oldest of several executions', async () => {
    const later = history(['TaskStateEntered', 0, 30, 'Approve'], ['TaskScheduled', 1, 30, token]);
    expect(await sample(portsOf({ a: later, b: parked, c: [] }))).toEqual({
      running: 3,
      open: 2,
      oldestAgeSeconds: 59 * 60,
      oldest: { execution: 'b', state: 'Approve' },
      complete: true,
    });
  });

  test('is 0, and complete, when nothing waits', async () => {
    expect(await sample(portsOf({}))).toEqual({ running: 0, open: 0, oldestAgeSeconds: 0, complete: true });
    expect(await sample(portsOf({ a: parked }), ['Another'])).toMatchObject({ open: 0, complete: true });
  });

  test('is not complete when a history cannot be read, there is no time, or too much runs', async () => {
    expect(await sample(portsOf({ a: new Error('throttled'), b: parked }))).toMatchObject({ open: 1, complete: false });
    expect(await sample(portsOf({ a: parked }, { nowMs: () => start + 4_000_000 }))).toMatchObject({ open: 0, complete: false });
    expect(await sample(portsOf({}, { running: () => Promise.resolve({ executions: [], all: false }) }))).toMatchObject({
      complete: false,
    });
  });
});

test(
  'an execution that is parked for eight hours: its age rises past the threshold, while ExecutionTime has not ' + 'one datapoint',
  async () => {
    const executions = [{ events: parked, endedMs: undefined as number | undefined }];
    const ages: number[] = [];
    const executionTimes: number[] = [];
    for (let minutes = 5; minutes <= 480; minutes += 5) {
      const nowMs = start + minutes * 60_000;
      ages.push(
        (await sampleApprovals(portsOf({ a: executions[0].events }, { nowMs: () => nowMs }), undefined, nowMs + 1)).oldestAgeSeconds,
      );
      // As Step Functions publishes it: when an execution has ended.
      executionTimes.push(
        ...executions.filter(({ endedMs }) => endedMs !== undefined && endedMs <= nowMs).map(({ endedMs }) => endedMs! - start),
      );
    }
    expect(ages.findIndex((age) => age >= 4 * 3600)).toBe(48);
    expect(ages.at(-1)).toBe(479 * 60);
    expect(executionTimes).toEqual([]);
  },
);
