/** Period by period; undefined where there is no data. */
export type Series = readonly (number | undefined)[];
type Value = number | Series | readonly Series[];
type ExpressionToken = { readonly kind: 'number' | 'name' | 'sign'; readonly text: string };

/** What the names in an expression stand for. */
export type NamedSeries = ReadonlyMap<string, Series | readonly Series[]>;

/**
 * Metric math, as far as alarms use it: arithmetic, comparisons, AND, OR, NOT, IF, FILL, SUM, AVG, MIN, MAX, ABS, CEIL, FLOOR and METRICS.
 * Throws on anything else.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export function evaluateExpression(expression: string, series: NamedSeries, metricIds: readonly string[], length: number): Series {
  const all = evaluateAll(expression, series, metricIds, length);
  if (all.length !== 1) throw new Error(`'${expression}' gives several series, and an alarm compares one`);
  return all[0];
}

/** The same where several series may come of it, as on a dashboard. */
export function evaluateAll(expression: string, series: NamedSeries, metricIds: readonly string[], length: number): readonly Series[] {
  const value = new Parser(tokens(expression), series, metricIds).whole();
  if (typeof value === 'number') return [Array.from({ length }, () => value)];
  return isList(value) ? value : [value];
}

function tokens(text: string): ExpressionToken[] {
  const list: ExpressionToken[] = [];
  const pattern = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)|(<=|>=|==|!=|&&|\|\||[-+*/^(),[\]<>!]))/gy;
  let at = 0;
  while (text.slice(at).trim() !== '') {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) throw new Error(`'${text.slice(at).trim()}' is not understood in metric math here`);
    at = pattern.lastIndex;
    list.push({
      kind: match[1] !== undefined ? 'number' : match[2] !== undefined ? 'name' : 'sign',
      text: match[1] ?? match[2] ?? match[3],
    });
  }
  return list;
}

/** Operators from the weakest to the strongest. */
const levels: readonly (readonly string[])[] = [
  ['||', 'OR'],
  ['&&', 'AND'],
  ['<', '>', '<=', '>=', '==', '!='],
  ['+', '-'],
  ['*', '/'],
  ['^'],
];

const operators: Readonly<Record<string, (a: number, b: number) => number | undefined>> = {
  '||': (a, b) => Number(a !== 0 || b !== 0),
  OR: (a, b) => Number(a !== 0 || b !== 0),
  '&&': (a, b) => Number(a !== 0 && b !== 0),
  AND: (a, b) => Number(a !== 0 && b !== 0),
  '<': (a, b) => Number(a < b),
  '>': (a, b) => Number(a > b),
  '<=': (a, b) => Number(a <= b),
  '>=': (a, b) => Number(a >= b),
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0 ? undefined : a / b),
  '^': (a, b) => a ** b,
};

class Parser {
  private at = 0;

  constructor(
    private readonly found: readonly ExpressionToken[],
    private readonly series: NamedSeries,
    private readonly metricIds: readonly string[],
  ) {}

  public whole(): Value {
    const value = this.binary(0);
    if (this.at < this.found.length) throw new Error(`'${this.found[this.at].text}' is not expected in metric math`);
    return value;
  }

  private binary(level: number): Value {
    if (level === levels.length) return this.unary();
    let left = this.binary(level + 1);
    while (levels[level].includes(this.found[this.at]?.text)) {
      const operator = operators[this.found[this.at++].text];
      left = combine(left, this.binary(level + 1), operator);
    }
    return left;
  }

  private unary(): Value {
    if (this.take('-')) return each(this.unary(), (value) => -value);
    if (this.take('!') || this.take('NOT')) return each(this.unary(), (value) => Number(value === 0));
    if (this.take('(')) return this.closed(this.binary(0), ')');
    if (this.take('[')) return this.closed(this.list(']').flatMap(listed), ']');
    const token = this.found[this.at++];
    if (token === undefined) throw new Error('the expression ends too early');
    if (token.kind === 'number') return Number(token.text);
    if (token.kind !== 'name') throw new Error(`'${token.text}' is not expected in metric math`);
    if (this.take('(')) return this.closed(this.call(token.text.toUpperCase()), ')');
    const known = this.series.get(token.text);
    if (!known) throw new Error(`'${token.text}' is not a name among these queries`);
    return known;
  }

  private call(name: string): Value {
    if (name === 'METRICS') return this.metricIds.flatMap((id) => listed(this.series.get(id) ?? []));
    if (name === 'FILL') return this.fill();
    const args = this.list(')');
    const [first, second, third] = args;
    if (name === 'IF' && args.length === 3) return choose(first, second, third);
    const single: Readonly<Record<string, (value: number) => number>> = { ABS: Math.abs, CEIL: Math.ceil, FLOOR: Math.floor };
    if (single[name] && args.length === 1) return each(first, single[name]);
    const many: Readonly<Record<string, (values: number[]) => number>> = {
      SUM: (values) => values.reduce((sum, value) => sum + value, 0),
      AVG: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
      MIN: (values) => Math.min(...values),
      MAX: (values) => Math.max(...values),
    };
    if (many[name] && args.length >= 1) return aggregate(args, many[name]);
    throw new Error(`the function ${name} with ${args.length} arguments is not known in metric math here`);
  }

  private fill(): Value {
    const value = this.binary(0);
    if (!this.take(',')) throw new Error('FILL takes a metric and a value');
    if (this.take('REPEAT')) {
      return filled(value, (series, index) =>
        series.slice(0, index).reduceRight<number | undefined>((last, one) => last ?? one, undefined),
      );
    }
    const filler = this.binary(0);
    return filled(value, (_, index) => (typeof filler === 'number' ? filler : isList(filler) ? undefined : filler[index]));
  }

  private list(end: string): Value[] {
    const values: Value[] = [];
    while (this.found[this.at]?.text !== end) {
      values.push(this.binary(0));
      if (!this.take(',')) break;
    }
    return values;
  }

  private closed<T>(value: T, end: string): T {
    if (!this.take(end)) throw new Error(`'${end}' is missing in the expression`);
    return value;
  }

  private take(text: string): boolean {
    if (this.found[this.at]?.text !== text) return false;
    this.at += 1;
    return true;
  }
}

function isList(value: Value): value is readonly Series[] {
  return Array.isArray(value) && Array.isArray(value[0]);
}

function listed(value: Value): Series[] {
  if (typeof value === 'number') throw new Error('a list holds series, not numbers');
  return isList(value) ? [...value] : [value];
}

function each(value: Value, change: (value: number) => number | undefined): Value {
  if (typeof value === 'number') return change(value) ?? NaN;
  const one = (series: Series): Series => series.map((point) => (point === undefined ? undefined : change(point)));
  return isList(value) ? value.map(one) : one(value);
}

function combine(left: Value, right: Value, operator: (a: number, b: number) => number | undefined): Value {
  if (typeof left === 'number') return each(right, (value) => operator(left, value));
  if (typeof right === 'number') return each(left, (value) => operator(value, right));
  if (isList(left)) return left.map((series) => combine(series, right, operator) as Series);
  if (isList(right)) return right.map((series) => combine(left, series, operator) as Series);
  return left.map((a, index) => {
    const b = right[index];
    return a === undefined || b === undefined ? undefined : operator(a, b);
  });
}

function choose(condition: Value, then: Value, otherwise: Value): Value {
  if (typeof condition === 'number') return condition !== 0 ? then : otherwise;
  const at = (value: Value, index: number): number | undefined =>
    typeof value === 'number' ? value : isList(value) ? undefined : value[index];
  if (isList(condition)) throw new Error('IF takes one series as its condition');
  return condition.map((point, index) => (point === undefined ? undefined : at(point !== 0 ? then : otherwise, index)));
}

function filled(value: Value, filler: (series: Series, index: number) => number | undefined): Value {
  if (typeof value === 'number') return value;
  const one = (series: Series): Series => series.map((point, index) => point ?? filler(series, index));
  return isList(value) ? value.map(one) : one(value);
}

/** Several series come to one, point by point; one alone to a number. */
function aggregate(args: readonly Value[], reduce: (values: number[]) => number): Value {
  if (args.every((arg) => typeof arg === 'number')) return reduce(args as number[]);
  const all = args.filter((arg) => typeof arg !== 'number').flatMap(listed);
  const present = (points: Series): number[] => points.filter((point): point is number => point !== undefined);
  if (args.length === 1 && !isList(args[0])) {
    const points = present(all[0]);
    return points.length ? reduce(points) : all[0].map(() => undefined);
  }
  return all[0].map((_, index) => {
    const points = present(all.map((series) => series[index]));
    return points.length ? reduce(points) : undefined;
  });
}
