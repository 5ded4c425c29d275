import { readFileSync } from 'node:fs';
import { document } from './document';
import { apiRoutes, gatewayProblems, problems } from '../../../src/api/contract';
import { openApiFile, renderOpenApi } from '../../../tools/openapi';

// An ES module only, which jest turns into CommonJS: the compiler would not let it be imported here.
const { createConfig, lintFromString } =
  jest.requireActual<typeof import('@redocly/openapi-core', { with: { 'resolution-mode': 'import' } })>('@redocly/openapi-core');

test('the committed document is the one that the schemas give', () => {
  expect(readFileSync(openApiFile, 'utf8')).toBe(renderOpenApi());
});

test('the document has no complaint of the linter', async () => {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const complaints = await lintFromString({ source: readFileSync(openApiFile, 'utf8'), config });
  expect(complaints.map((complaint) => `${complaint.ruleId}: ${complaint.message} at ${complaint.location[0]?.pointer}`)).toEqual([]);
});

test('the document has every route and no other', () => {
  const documented = Object.entries(document.paths as Record<string, object>).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(documented.sort()).toEqual(apiRoutes.map((route) => `${route.method} ${route.path}`).sort());
});

test('every problem is listed with its status, and only once', () => {
  const listed = Object.entries(document.components.responses as Record<string, any>).flatMap(([name, response]) => {
    const [, narrowed] = response.content['application/problem+json'].schema.allOf;
    return (narrowed.properties.code.enum as string[]).map((code) => [code, Number(name.replace('Problem', ''))]);
  });
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(Object.entries(problems).map(([code, problem]) => [code, problem.status])));
  expect(listed).toHaveLength(Object.keys(problems).length);
});

test('what the gateway answers by itself says when to ask again, where that helps', () => {
  for (const problem of gatewayProblems) {
    expect([problem.type, problem.retry === true]).toEqual([problem.type, [429, 503].includes(problems[problem.code].status)]);
  }
});
