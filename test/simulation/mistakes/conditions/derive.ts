import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { clausesOf } from './expression';
import { root } from '../../bundle';

/** A condition of a write as a shipped file states it, and the edit that leaves it out. */
export interface StatedCondition {
  /** Below `src/`. */
  readonly file: string;
  /** The function that states it. */
  readonly where: string;
  /** What is compared; several alike in one function are numbered. */
  readonly what: string;
  /** The characters that the edit replaces. */
  readonly start: number;
  readonly end: number;
  readonly replace: string;
}

const source = path.join(root, 'src');
const conditionType = 'Condition';
const conditionPorts = path.join(source, 'ledger', 'ports.ts');

/** Every condition that a shipped file states: the ledger's own kind, DynamoDB's expressions, and parameters put without Overwrite. */
export function statedConditions(): readonly StatedCondition[] {
  const files = ts.sys.readDirectory(source, ['.ts']).filter((file) => !/aws-cdk-lib/.test(readFileSync(file, 'utf8')));
  // Without the packages' types: conditions are of a type of this project.
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    strict: true,
    types: [],
    noResolve: true,
    noEmit: true,
  });
  const checker = program.getTypeChecker();
  return files.sort().flatMap((file) => numbered(new Reader(checker, program.getSourceFile(file)!).conditions()));
}

/** How a condition is called wherever it is listed. */
export const nameOf = ({ file, where, what }: StatedCondition): string => `${file}, ${where}: ${what}`;

/** A file with a condition left out. */
export function without({ start, end, replace }: StatedCondition, text: string): string {
  return `${text.slice(0, start)}${replace}${text.slice(end)}`;
}

function numbered(conditions: readonly StatedCondition[]): readonly StatedCondition[] {
  const seen = new Map<string, number>();
  return [...conditions]
    .sort((one, other) => one.start - other.start || other.end - one.end)
    .map((condition) => {
      const name = `${condition.where} ${condition.what}`;
      const count = (seen.get(name) ?? 0) + 1;
      seen.set(name, count);
      return count === 1 ? condition : { ...condition, what: `${condition.what} (${count})` };
    });
}

class Reader {
  private readonly found: StatedCondition[] = [];

  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly file: ts.SourceFile,
  ) {}

  public conditions(): readonly StatedCondition[] {
    const visit = (node: ts.Node): void => {
      this.look(node);
      ts.forEachChild(node, visit);
    };
    visit(this.file);
    return this.found;
  }

  private look(node: ts.Node): void {
    if (ts.isArrayLiteralExpression(node) && this.holdsConditions(this.checker.getContextualType(node))) {
      for (const [at, element] of node.elements.entries()) if (!this.isPassedOn(element)) this.dropElement(node, at, this.nameOf(element));
    } else if (
      ts.isCallExpression(node) &&
      ts.isPropertyAssignment(node.parent) &&
      this.holdsConditions(this.checker.getTypeAtLocation(node))
    ) {
      this.add(node, `...${this.text(node)}`, node.getStart(), node.end, '[]');
    } else if (this.addsConditions(node)) {
      throw new Error(`${this.file.fileName}: '${this.text(node)}' adds conditions in a way that is not seen: state them in a list`);
    } else if ((ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) && ts.isIdentifier(node.name)) {
      if (node.name.text === 'ConditionExpression') this.expression(ts.isPropertyAssignment(node) ? node.initializer : node.name);
      if (node.name.text === 'Overwrite' && ts.isPropertyAssignment(node) && node.initializer.kind === ts.SyntaxKind.FalseKeyword) {
        this.add(node, this.text(node), node.initializer.getStart(), node.initializer.end, 'true');
      }
    }
  }

  private addsConditions(node: ts.Node): boolean {
    return (
      ts.isPropertyAccessExpression(node) &&
      ['push', 'unshift', 'concat'].includes(node.name.text) &&
      this.holdsConditions(this.checker.getTypeAtLocation(node.expression))
    );
  }

  /** Whether a type is an array of the ledger's conditions. */
  private holdsConditions(type: ts.Type | undefined): boolean {
    const element = type && this.checker.getIndexTypeOfType(type, ts.IndexKind.Number);
    return (
      element?.aliasSymbol?.name === conditionType &&
      element.aliasSymbol.declarations!.some((declaration) => path.normalize(declaration.getSourceFile().fileName) === conditionPorts)
    );
  }

  /** Conditions that a caller passes are left out where they are stated. */
  private isPassedOn(element: ts.Expression): boolean {
    if (!ts.isSpreadElement(element) || !ts.isIdentifier(element.expression)) return false;
    const declaration = this.checker.getSymbolAtLocation(element.expression)?.valueDeclaration;
    return declaration !== undefined && (ts.isParameter(declaration) || ts.isBindingElement(declaration));
  }

  private dropElement(array: ts.ArrayLiteralExpression, at: number, what: string): void {
    const { elements } = array;
    const start = at === 0 ? elements[0].getStart() : elements[at - 1].end;
    const end = at === 0 && elements.length > 1 ? elements[1].getStart() : elements[at].end;
    this.add(elements[at], what, start, end, '');
  }

  private nameOf(element: ts.Expression): string {
    const named = ts.isIdentifier(element) ? this.constant(element) : undefined;
    const literal = named && ts.isAsExpression(named) ? named.expression : (named ?? element);
    if (!ts.isObjectLiteralExpression(literal)) return this.text(element);
    const members = literal.properties.filter(ts.isPropertyAssignment);
    const member = (name: string): ts.Expression | undefined => members.find((one) => one.name.getText() === name)?.initializer;
    const [test, at, value] = [member('test'), member('path'), member('value')];
    if (!test || !ts.isStringLiteral(test) || !at || !ts.isArrayLiteralExpression(at)) return this.text(element);
    const where = at.elements.map((one) => (ts.isStringLiteral(one) ? one.text : `<${this.text(one)}>`)).join('.');
    return value ? `${where} ${test.text} ${this.text(value)}` : `${where} ${test.text}`;
  }

  private constant(name: ts.Identifier): ts.Expression | undefined {
    const declaration = this.checker.getSymbolAtLocation(name)?.valueDeclaration;
    return declaration && ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
  }

  /** A condition as DynamoDB is told it: a text, a name for one, or texts that are joined. */
  private expression(node: ts.Expression): void {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return this.clauses(node);
    const called = ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) ? node.expression : undefined;
    const joined = called?.name.text === 'join' ? called.expression : undefined;
    const list = joined && ts.isIdentifier(joined) ? this.constant(joined) : joined;
    if (list && ts.isArrayLiteralExpression(list)) {
      for (const [at, element] of list.elements.entries()) {
        if (ts.isStringLiteralLike(element) || ts.isTemplateExpression(element)) this.clauses(element);
        else this.dropElement(list, at, this.text(element));
      }
      return;
    }
    const stated = ts.isIdentifier(node) ? this.textsNamed(node.text) : [];
    if (stated.length === 0) {
      throw new Error(
        `${this.file.fileName}: what '${this.text(node)}' says as a ConditionExpression is not seen: state it as a text, or teach ` +
          `test/simulation/mistakes/conditions/derive.ts`,
      );
    }
    stated.forEach((text) => this.clauses(text));
  }

  /** The texts that calls in this file pass under a name. */
  private textsNamed(name: string): readonly (ts.StringLiteralLike | ts.TemplateExpression)[] {
    const texts: (ts.StringLiteralLike | ts.TemplateExpression)[] = [];
    const visit = (node: ts.Node): void => {
      const text = ts.isPropertyAssignment(node) && node.name.getText() === name ? node.initializer : undefined;
      if (text && (ts.isStringLiteralLike(text) || ts.isTemplateExpression(text))) texts.push(text);
      ts.forEachChild(node, visit);
    };
    visit(this.file);
    return texts;
  }

  private clauses(text: ts.StringLiteralLike | ts.TemplateExpression): void {
    const start = text.getStart() + 1;
    for (const { what, from, to, replace } of clausesOf(this.file.text.slice(start, text.end - 1))) {
      this.add(text, what, start + from, start + to, replace);
    }
  }

  private add(node: ts.Node, what: string, start: number, end: number, replace: string): void {
    this.found.push({
      file: path.relative(source, this.file.fileName).split(path.sep).join('/'),
      where: functionAround(node),
      what,
      start,
      end,
      replace,
    });
  }

  private text(node: ts.Node): string {
    return node.getText(this.file).replace(/\s+/g, ' ');
  }
}

/** The name of the function that a node stands in. */
function functionAround(node: ts.Node | undefined): string {
  if (node === undefined) return '(file)';
  if ((ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.name) return node.name.getText();
  const isFunction = ts.isArrowFunction(node) || ts.isFunctionExpression(node);
  if (isFunction && (ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent))) return node.parent.name.getText();
  return functionAround(node.parent);
}
