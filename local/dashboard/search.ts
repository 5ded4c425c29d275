import type { MetricId } from '../metrics/store';

/** `SEARCH('{Namespace,Dimension} Name="value" word', 'Sum', 300)`, as far as it is understood here. */
export interface SearchCall {
  /** The whole call, as the expression has it. */
  readonly text: string;
  readonly stat: string;
  readonly periodSeconds?: number;
  /** Absent: any namespace with any dimensions. */
  readonly schema?: { readonly namespace: string; readonly dimensions: readonly string[] };
  /** Each holds for a metric that is found. */
  readonly terms: readonly SearchTerm[];
}

interface SearchTerm {
  /** `MetricName`, `Namespace` or a dimension; absent: anything of the metric. */
  readonly of?: string;
  readonly value: string;
  /** Not by its words, but from its beginning to its end. */
  readonly exact: boolean;
}

const opening = 'SEARCH(';

/**
 * The searches of an expression. Throws on what is not understood here: OR, NOT and parentheses.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
 */
export function searchesIn(expression: string): SearchCall[] {
  const starts = expression.split(opening).slice(1);
  return starts.map((after) => {
    const quote = after.trimStart()[0];
    const [before, text, ...rest] = after.split(quote ?? "'");
    const behind = rest.join(quote);
    const end = behind.indexOf(')');
    const [nothing, stat, period] = behind.slice(0, Math.max(0, end)).split(',');
    if (!["'", '"'].includes(quote) || before.trim() !== '' || end < 0 || stat === undefined || nothing.trim() !== '') {
      throw new Error(`'${expression.slice(0, 200)}' has a SEARCH that is not understood here`);
    }
    return {
      text: `${opening}${[before, text].join(quote)}${quote}${behind.slice(0, end + 1)}`,
      stat: stat.replace(/['"]/g, '').trim(),
      ...(period === undefined ? {} : { periodSeconds: Number(period) }),
      ...read(text),
    };
  });
}

function read(text: string): Pick<SearchCall, 'schema' | 'terms'> {
  const query = text.trim();
  const end = query.startsWith('{') ? query.indexOf('}') : -1;
  if (end < 0) return { terms: termsOf(query, text) };
  const [namespace, ...dimensions] = query
    .slice(1, end)
    .split(',')
    .map((part) => part.replace(/"/g, '').trim());
  return { schema: { namespace, dimensions }, terms: termsOf(query.slice(end + 1), text) };
}

function termsOf(rest: string, whole: string): SearchTerm[] {
  const pattern = /\s*(?:(?:([\w./-]+)\s*=\s*)?(?:"([^"]*)"|([\w./:#*-]+)))\s*/gy;
  const terms: SearchTerm[] = [];
  for (let at = 0; rest.slice(at).trim() !== ''; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const [, of, quoted, bare] = pattern.exec(rest) ?? [];
    const value = quoted ?? bare;
    if (value === undefined || (of === undefined && ['OR', 'NOT'].includes(bare))) {
      throw new Error(`the search '${whole.slice(0, 200)}' is not understood here: it may hold words and Name="value", joined by AND`);
    }
    if (of !== undefined || bare !== 'AND') terms.push({ ...(of === undefined ? {} : { of }), value, exact: quoted !== undefined });
  }
  return terms;
}

/** The metrics that a search finds in a region, in a fixed order. */
export function foundBy(search: SearchCall, region: string, all: readonly MetricId[]): MetricId[] {
  const matches = (metric: MetricId): boolean =>
    metric.region === region && fits(metric, search.schema) && search.terms.every((term) => holds(term, metric));
  const order = ({ name, dimensions }: MetricId): string => JSON.stringify([name, Object.values(dimensions)]);
  return all.filter(matches).sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function fits({ namespace, dimensions }: MetricId, schema: SearchCall['schema']): boolean {
  if (!schema) return true;
  const names = Object.keys(dimensions);
  return namespace === schema.namespace && names.length === schema.dimensions.length && schema.dimensions.every((one) => one in dimensions);
}

function holds({ of, value, exact }: SearchTerm, { namespace, name, dimensions }: MetricId): boolean {
  const named: Readonly<Record<string, string>> = { ...dimensions, MetricName: name, Namespace: namespace };
  const texts = of === undefined ? [...Object.values(named), ...Object.keys(dimensions)] : of in named ? [named[of]] : [];
  const same = (text: string): boolean => text.toLowerCase() === value.toLowerCase();
  return texts.some((text) => same(text) || (!exact && words(text).some(same)));
}

/** A name falls into words where its letters turn capital, and at what is no letter or digit. */
function words(text: string): string[] {
  return text.replace(/([a-z0-9])([A-Z])/g, '$1 $2').split(/[^A-Za-z0-9]+/);
}
