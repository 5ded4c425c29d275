import { StatedCondition, statedConditions, without } from '../simulation/mistakes/conditions/derive';
import { equivalent } from '../simulation/mistakes/conditions/equivalent';
import { clausesOf } from '../simulation/mistakes/conditions/expression';
import { differences, recorded } from '../simulation/mistakes/conditions/table';

describe('the conditions of writes', () => {
  let stated: readonly StatedCondition[];
  beforeAll(() => {
    stated = statedConditions();
  }, 120_000);

  it('are those of the table in docs/reliability.md', () => {
    const differ = differences(stated);
    if (differ.length > 0) {
      throw new Error(
        `docs/reliability.md does not know the conditions that the files state. Run: npm run simulate -- --conditions ` +
          `--write\n${differ.join('\n')}`,
      );
    }
    expect(recorded()).toHaveLength(stated.length);
  });

  it('are noticed, each by a test or the simulation, but for those with a reason', () => {
    const unnoticed = recorded()
      .filter(({ by }) => !/^(test\/.+\.test\.ts|simulation|hangs): /.test(by))
      .map(({ name }) => name);
    expect(unnoticed.sort()).toEqual(Object.keys(equivalent).sort());
  });

  it('are found in every way of stating them', () => {
    const files = new Set(stated.map(({ file }) => file));
    for (const file of [
      'ledger/protocol/trim.service.ts',
      'ledger/homes/authority.service.ts',
      'ledger/aws.ts',
      'events/probes/aws.ts',
      'approvals/aws.ts',
      'cutover/audit/aws.ts',
    ]) {
      expect(files).toContain(file);
    }
  });
});

describe('a condition of DynamoDB is taken apart', () => {
  const left = (text: string): string[] =>
    clausesOf(text).map(({ from, to, replace }) => without({ file: '', where: '', what: '', start: from, end: to, replace }, text));

  it('clause by clause where all must hold', () => {
    expect(left('a = :a AND size(b) < :b')).toEqual([
      '(a = :a OR NOT (a = :a)) AND size(b) < :b',
      'a = :a AND (size(b) < :b OR NOT (size(b) < :b))',
    ]);
  });

  it('into all alternatives, and each', () => {
    expect(left('a = :a OR b = :b')).toEqual([
      '(a = :a OR b = :b OR NOT (a = :a OR b = :b))',
      '(a = :a AND NOT (a = :a)) OR b = :b',
      'a = :a OR (b = :b AND NOT (b = :b))',
    ]);
  });

  it('into the two ends of a range', () => {
    const kept = '(a BETWEEN :l AND :h OR NOT (a BETWEEN :l AND :h))';
    expect(left('a BETWEEN :l AND :h')).toEqual([`(a <= :h AND ${kept})`, `(a >= :l AND ${kept})`]);
  });

  it('and refused where it is not understood', () => {
    expect(() => clausesOf('a = :a AND b = :b OR c = :c')).toThrow('mixes AND and OR');
  });
});
