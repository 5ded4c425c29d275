import type { AssemblyStack } from '../../../local/assembly/assembly';
import { deployError, nextBatch, ownOutputs } from '../../../local/deploy/stacks';

function stack(name: string, region: string, ...dependsOn: string[]): AssemblyStack {
  return { name, region, dependsOn, selector: name, artifactId: name, folder: '', templateFile: '', template: { Resources: {} } };
}

const names = (batch: readonly AssemblyStack[]): string[] => batch.map(({ name }) => name);

describe('which stacks of a region go next', () => {
  const stacks = [
    stack('key-a', 'a'),
    stack('key-b', 'b'),
    stack('table', 'a', 'key-a', 'key-b'),
    stack('api-a', 'a', 'table'),
    stack('api-b', 'b', 'table'),
    stack('extra-b', 'b'),
  ];
  const undone = (...done: string[]): Set<string> => new Set(names(stacks).filter((name) => !done.includes(name)));

  test('a batch ends before a stack that waits for another region', () => {
    expect(names(nextBatch('a', stacks, undone()))).toEqual(['key-a']);
  });

  test('a batch ends after a stack that another region waits for', () => {
    expect(names(nextBatch('b', stacks, undone()))).toEqual(['key-b']);
    expect(names(nextBatch('a', stacks.slice(2), undone('key-a', 'key-b')))).toEqual(['table']);
  });

  test('stacks that depend on each other go in one batch when nobody else waits', () => {
    const chain = [stack('one', 'a'), stack('two', 'a', 'one'), stack('three', 'a', 'two')];
    expect(names(nextBatch('a', chain, new Set(names(chain))))).toEqual(['one', 'two', 'three']);
  });

  test('everything is deployed in the end, whatever the order of completion', () => {
    let waiting = [...stacks];
    const done: string[] = [];
    for (let round = 0; waiting.length > 0 && round < 10; round++) {
      for (const region of ['b', 'a']) {
        const batch = nextBatch(region, waiting, undone(...done));
        waiting = waiting.filter((each) => !batch.includes(each));
        for (const each of batch) {
          expect(done).toEqual(expect.arrayContaining([...each.dependsOn]));
          done.push(each.name);
        }
      }
    }
    expect(waiting).toEqual([]);
  });
});

describe('the reason of a failed deploy in one line', () => {
  test('is the first resource that failed', () => {
    const output =
      's: creating stack...\ns |  7 | 11:38:12 PM | CREATE_FAILED | AWS::X::Y | Api/Z (Z1)   not supported\ns | 8 | 11:38:13 PM | ' +
      'ROLLBACK_IN_PROGRESS | s\n❌  s failed';
    expect(deployError(output)).toBe('AWS::X::Y | Api/Z (Z1) not supported');
  });

  test('is what the CLI says when no resource was begun', () => {
    expect(deployError('❌  s failed to deploy\n‣ ValidationError: Unrecognized resource types: [AWS::QLDB::Ledger]\n')).toBe(
      'ValidationError: Unrecognized resource types: [AWS::QLDB::Ledger]',
    );
  });

  test('is the last line when nothing is known', () => {
    expect(deployError('Killed\n')).toBe('Killed');
    expect(deployError('')).toBe('the CDK CLI printed nothing');
  });
});

test("outputs of our own are not the app's", () => {
  expect(ownOutputs({ LocalRun0: 'x', LocalRunner: 'y', Url: 'z' })).toEqual({ LocalRunner: 'y', Url: 'z' });
});
