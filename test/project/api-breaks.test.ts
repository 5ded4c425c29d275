import { announcedIn, baselineOf, breaksIn } from '../../tools/api/breaks';

test('reads what jsii-diff says: an element that is gone, a type that is gone, and no line of another kind', () => {
  const output = [
    'Original assembly: pkg@0.0.0',
    'API elements with incompatible changes:',
    'err  - METHOD some-pkg.Table.grant: has been removed [removed:some-pkg.Table.grant]',
    'err  - CLASS some-pkg.Table: has been removed [removed:some-pkg.Table]',
    'warn - PROP some-pkg.Table.name: changed [changed-type:some-pkg.Table.name]',
  ].join('\n');
  expect(breaksIn(output)).toEqual([
    { element: 'Table.grant', text: 'METHOD some-pkg.Table.grant: has been removed' },
    { element: 'Table', text: 'CLASS some-pkg.Table: has been removed' },
  ]);
});

test('a break is announced under "Breaking" of what is not released yet, and nowhere else', () => {
  const changelog = [
    '# Changelog',
    '## Unreleased',
    '### Added',
    '- `Other.prop` is new.',
    '### Breaking',
    '- `Table.grant`: use `Table.grantRead`.',
    '## 0.1.0',
    '### Breaking',
    '- `Old.thing`: gone.',
    '',
  ].join('\n');
  expect(announcedIn(changelog)).toEqual(['Table.grant']);
  expect(announcedIn('# Changelog\n## Unreleased\n### Breaking\n- `Last.one`: gone.')).toEqual(['Last.one']);
  expect(announcedIn('# Changelog\n')).toEqual([]);
});

test('a baseline keeps names, types and stability, and leaves out texts and places', () => {
  const assembly = {
    name: 'p',
    readme: { markdown: 'long' },
    types: { 'p.A': { docs: { stability: 'stable', summary: 'text' }, locationInModule: { line: 1 }, symbolId: 'a:A', name: 'A' } },
  };
  const baseline = baselineOf(JSON.stringify(assembly));
  expect(JSON.parse(baseline)).toEqual({ name: 'p', types: { 'p.A': { docs: { stability: 'stable' }, name: 'A' } } });
  expect(baseline.split('\n')).toHaveLength(4);
});
