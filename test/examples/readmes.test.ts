import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { configOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { configOf as migrationOf } from '../../examples/migration/config';
import { defineMigration } from '../../examples/migration/stacks';
import { stubContext } from '../cdk/stacks';
import { readTracked } from '../project/tracked-files';

/** With the feature flags that a team deploys with: they decide on log groups of the CDK's own functions. */
const { context } = JSON.parse(readTracked('examples/active-active/cdk.json')) as { context: Record<string, unknown> };

function templatesOf(define: (app: App) => unknown): { readonly stack: string; readonly template: Template }[] {
  const app = new App({ context: { ...context, ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
  define(app);
  return app.node.children
    .filter((child): child is Stack => Stack.isStack(child))
    .map((stack) => ({ stack: stack.node.id, template: Template.fromStack(stack) }));
}
const strong = templatesOf((app) => defineSystem(app, configOf('STRONG')));
const home = templatesOf((app) => defineSystem(app, configOf('HOME_REGION')));

/** The construct that made a resource: its logical ID without the hash. */
const maker = (id: string): string => id.replace(/[0-9A-F]{8}$/, '');

/** What of an app's templates stays when its stacks are deleted. */
function keptBy(templates: typeof strong): string[] {
  const kept = templates.flatMap(({ template }) =>
    Object.entries((template.toJSON() as { Resources: Record<string, { DeletionPolicy?: string }> }).Resources)
      .filter(([, { DeletionPolicy: policy }]) => policy !== undefined && policy !== 'Delete')
      .map(([id]) => maker(id)),
  );
  return [...new Set(kept)].sort();
}

/** A section of a document. */
const below = (document: string, heading: string): string => document.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))!;
const system = readTracked('examples/active-active/README.md');

describe('the README of the active-active example', () => {
  test('lists all that stays, and nothing that goes', () => {
    const kept = keptBy([...strong, ...home]);
    const rows = below(system, 'Remove it')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const listed = rows.flatMap((row) => [...row.split('|')[1].matchAll(/`(\w+)`/g)].map(([, id]) => id));
    expect(listed.length).toBeGreaterThan(10);
    expect([...listed].sort()).toEqual(kept);
  });

  test('names every stack and every part', () => {
    const stacks = strong.map(({ stack }) => stack);
    expect(stacks.filter((stack) => !system.includes(`\`${stack}\``))).toEqual([]);
    const parts = Object.keys(configOf('STRONG').parts);
    expect(parts.filter((part) => !below(system, 'Before the first deployment').includes(`\`${part}\``))).toEqual([]);
  });

  test('says when a region is drained by itself, and which secrets must be there', () => {
    const rules = strong.flatMap(({ template }) =>
      Object.values(template.findResources('AWS::Events::Rule')).map(({ Properties }) => Properties.ScheduleExpression as string),
    );
    // Day 3 of EventBridge's week is Tuesday.
    expect(rules.filter((rule) => rule?.startsWith('cron(')).sort()).toEqual(['cron(0 9 ? 1/3 3#1 *)', 'cron(0 9 ? 1/3 3#2 *)']);
    expect(system).toContain('drains one region on a Tuesday each quarter');
    const text = JSON.stringify(strong.map(({ template }) => template.toJSON() as object));
    const secrets = [...new Set([...text.matchAll(/:secret:([\w/-]+?)-\?{6}/g)].map(([, name]) => name))].sort();
    expect(secrets).toEqual(['acme-pay/canary-client', 'acme-pay/drill-client']);
    expect(secrets.filter((name) => !below(system, 'Before the first deployment').includes(`--name ${name} `))).toEqual([]);
  });
});

describe('the README of an app that `init` writes', () => {
  const [app, move] = ['active-active', 'migration'].map((example) => readTracked(`examples/languages/${example}.md`));

  test('says before the deployment what the app does by itself, and what must be there', () => {
    expect(app).toContain('drains one region on a Tuesday each quarter');
    for (const readme of [app, move]) {
      const before = below(readme, 'Then').split('deploy --all')[0];
      expect(before).toContain('--name acme-pay/canary-client ');
      expect(before).toContain('preflight --app cdk.out');
      expect(before).toMatch(/told of alarms/);
    }
    expect(below(app, 'Then').split('deploy --all')[0]).toContain('--name acme-pay/drill-client ');
    // No region is drilled while the system moves. The regions must hold the same documents before it does.
    expect(move).not.toContain('drill-client');
    expect(below(move, 'Then').split('deploy --all')[1]).toMatch(/payments backfill [^]*guide of the cutover/);
  });
});

test('the README of the migration lists what stays of the stack that moves the system', () => {
  const own = new Set(keptBy(home));
  const kept = keptBy(templatesOf((app) => defineMigration(app, migrationOf('FULL')))).filter((id) => !own.has(id));
  expect(kept.length).toBeGreaterThan(1);
  expect(kept.filter((id) => !readTracked('examples/migration/README.md').includes(`\`${id}\``))).toEqual([]);
});
