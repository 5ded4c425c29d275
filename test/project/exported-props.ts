/* eslint-disable no-bitwise -- the compiler's flags are bits */
import path from 'node:path';
import ts from 'typescript';
import { root } from './tracked-files';

/** What a prop's type is, as far as checks of its value go. */
export type PropKind = 'resource' | 'number' | 'duration' | 'text' | 'flag' | 'other';

/** A prop of an exported interface. */
export interface ExportedProp {
  readonly of: string;
  readonly name: string;
  readonly kind: PropKind;
  readonly isList: boolean;
  /** The type as it is written, without undefined and list. */
  readonly type: string;
}

/** What a target or an action is, which holds a resource and is none. */
const holders = new Set(['IRuleTarget', 'IAlarmAction', 'IAuthorizer']);

let found: readonly ExportedProp[] | undefined;

/** Every prop of every interface that `src/index.ts` exports. */
export function exportedProps(): readonly ExportedProp[] {
  if (found) return found;
  const index = path.join(root, 'src', 'index.ts');
  const config = ts.getParsedCommandLineOfConfigFile(
    path.join(root, 'tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  )!;
  const program = ts.createProgram([index], { ...config.options, noEmit: true, rootDir: root });
  const checker = program.getTypeChecker();
  const symbols = checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(index)!)!)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
  found = symbols
    .filter((symbol) => symbol.flags & ts.SymbolFlags.Interface)
    .flatMap((symbol) => {
      const properties = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
      return properties.map((property) => ({
        of: symbol.name,
        name: property.name,
        ...describe(checker, checker.getTypeOfSymbol(property)),
      }));
    });
  return found;
}

function describe(checker: ts.TypeChecker, declared: ts.Type): Omit<ExportedProp, 'of' | 'name'> {
  const given = checker.getNonNullableType(declared);
  const isList = checker.isArrayType(given);
  const type = isList ? checker.getTypeArguments(given as ts.TypeReference)[0] : given;
  return { kind: kindOf(checker, type), isList, type: checker.typeToString(type) };
}

function kindOf(checker: ts.TypeChecker, type: ts.Type): PropKind {
  if (type.flags & ts.TypeFlags.NumberLike) return 'number';
  if (type.flags & ts.TypeFlags.BooleanLike || type.flags & ts.TypeFlags.EnumLike) return 'flag';
  if (type.flags & ts.TypeFlags.StringLike) return 'text';
  const name = type.symbol?.name ?? '';
  if (type.isUnion()) return 'flag';
  if (name === 'Duration') return 'duration';
  const has = (property: string): boolean => checker.getPropertyOfType(type, property) !== undefined;
  if (holders.has(name) || has('env') || has('_env') || has('node')) return 'resource';
  return 'other';
}
