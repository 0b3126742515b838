/** The public surface of the package as TypeScript sees it: declarations of an entry point, and what they name. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  API,
  type Symbol as Named,
  type Project,
  SignatureKind,
  SymbolFlags,
  type Type,
  TypeFlags,
} from 'typescript/unstable/sync';
import { root } from './fixtures.js';

/** What a name is declared as. */
export interface Declared {
  readonly symbol: Named;
  readonly nodes: readonly Node[];
}

/** A function, or a method, that takes options. */
export interface Door {
  /** Of a method, the class or interface that it is of. */
  readonly owner?: string;
  readonly name: string;
  /** What its parameters are called that come before the options. */
  readonly before: readonly string[];
  /** The names of its options. */
  readonly options: readonly string[];
}

type Parent = Node & {
  readonly modifiers?: readonly Node[];
  readonly members?: readonly Node[];
  readonly name?: Node;
};

/** Declarations in files and in texts, as the compiler of this repository reads them. Close it: it is a process. */
export class Declarations {
  readonly #folder = mkdtempSync(join(tmpdir(), 'nmode-declarations-'));
  readonly #api: API;
  readonly #project: Project;
  readonly #packageFolder: string;

  /**
   * @param packageFolder where what is declared is this package's own
   * @param texts declarations that are in no file, by names for them
   */
  constructor(packageFolder: string, files: readonly string[], texts: Readonly<Record<string, string>> = {}) {
    this.#packageFolder = packageFolder;
    const named = Object.keys(texts).map((name) => this.fileOf(name));
    for (const [name, text] of Object.entries(texts)) writeFileSync(this.fileOf(name), text);
    const config = join(this.#folder, 'tsconfig.json');
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable', 'dom'],
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      skipLibCheck: true,
    };
    writeFileSync(config, JSON.stringify({ compilerOptions, files: [...files, ...named] }));
    this.#api = new API({ cwd: root });
    const [project] = this.#api.updateSnapshot({ openProjects: [config] }).getProjects();
    if (project === undefined) throw new Error(`no project of ${files}`);
    this.#project = project;
  }

  close(): void {
    this.#api.close();
    rmSync(this.#folder, { recursive: true });
  }

  /** The file of a text. */
  fileOf(name: string): string {
    return join(this.#folder, `${name}.d.ts`);
  }

  #source(file: string) {
    const source = this.#project.program.getSourceFile(file);
    if (source === undefined) throw new Error(`${file} is not there`);
    return source;
  }

  /** What a file exports, by its name there; what a namespace holds, by both names. */
  exportsOf(file: string): ReadonlyMap<string, Declared> {
    const module = this.#project.checker.getSymbolAtLocation(this.#source(file));
    if (module === undefined) throw new Error(`${file} is no module`);
    return new Map(this.#exportsIn(module, ''));
  }

  *#exportsIn(module: Named, before: string): Generator<[string, Declared]> {
    for (const each of this.#project.checker.getExportsOfModule(module)) {
      const declared = this.#declared(each);
      const isSpace = NAMESPACES.has(declared.nodes[0]?.kind ?? SyntaxKind.Unknown);
      if (isSpace) yield* this.#exportsIn(declared.symbol, `${before}${each.name}.`);
      else yield [before + each.name, declared];
    }
  }

  /** What takes options of what a file exports: functions, and methods of classes and interfaces. */
  doorsOf(file: string): readonly Door[] {
    const { checker } = this.#project;
    const found = [...this.exportsOf(file)].flatMap(([name, { symbol }]) => {
      const value = symbol.flags & SymbolFlags.Value ? checker.getTypeOfSymbol(symbol) : undefined;
      const instance = symbol.flags & (SymbolFlags.Class | SymbolFlags.Interface | SymbolFlags.TypeAlias);
      const type = instance ? checker.getDeclaredTypeOfSymbol(symbol) : undefined;
      return [
        ...this.#doorsIn(value, name),
        ...(symbol.flags & SymbolFlags.Class ? this.#methodsOf(value, { before: `${name}.` }) : []),
        ...this.#methodsOf(type, { owner: name }),
      ];
    });
    return found;
  }

  #methodsOf(
    type: Type | undefined,
    { owner, before = '' }: { readonly owner?: string; readonly before?: string },
  ): readonly Door[] {
    if (type === undefined || !(type.flags & TypeFlags.Object)) return [];
    return this.#project.checker.getPropertiesOfType(type).flatMap((property) => {
      if (!(property.flags & SymbolFlags.Method)) return [];
      const own = this.#project.checker.getTypeOfSymbol(property);
      return this.#doorsIn(own, before + property.name, owner);
    });
  }

  #doorsIn(type: Type | undefined, name: string, owner?: string): readonly Door[] {
    const { checker } = this.#project;
    const signatures = type === undefined ? [] : checker.getSignaturesOfType(type, SignatureKind.Call);
    return signatures.flatMap((signature) => {
      const before: string[] = [];
      for (const parameter of signature.getParameters()) {
        const options = this.#optionsOf(parameter);
        if (options !== undefined) return [{ ...(owner && { owner }), name, before, options }];
        before.push(parameter.name);
      }
      return [];
    });
  }

  /** The names of the options that a parameter takes, where it does. */
  #optionsOf(parameter: Named): readonly string[] | undefined {
    const { checker } = this.#project;
    const declared = checker.getTypeOfSymbol(parameter);
    const given = declared && checker.getNonNullableType(declared);
    const type = given && (checker.getBaseConstraintOfType(given) ?? given);
    if (type === undefined || !OPTIONS.test(type.getSymbol()?.name ?? '')) return undefined;
    return checker.getPropertiesOfType(type).map((property) => property.name);
  }

  /** The comments of a declaration, and of its members, by their names. */
  commentsOf({ symbol }: Declared): readonly (readonly [name: string, comment: string])[] {
    const { checker } = this.#project;
    const isType = symbol.flags & (SymbolFlags.Class | SymbolFlags.Interface);
    const members = isType ? checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)) : [];
    return [symbol, ...members].map((each) => [each.name, checker.getDocumentationCommentOfSymbol(each)]);
  }

  #declared(symbol: Named): Declared {
    const own = symbol.flags & SymbolFlags.Alias ? this.#project.checker.getAliasedSymbol(symbol) : symbol;
    const nodes = own.declarations.flatMap((handle) => handle.resolve() ?? []);
    return { symbol: own, nodes };
  }

  /** What of this package declarations name at the top of its files. @param isPublic without what is private, and values (`typeof X`) */
  namedIn(nodes: readonly Node[], isPublic: boolean): readonly Declared[] {
    const names = nodes.flatMap((node) => namesIn(node, isPublic));
    const found = names.length === 0 ? [] : this.#project.checker.getSymbolAtLocation(names);
    const declared = found.flatMap((symbol) => (symbol === undefined ? [] : this.#declared(symbol)));
    return declared.filter(({ nodes: [node] }) => node !== undefined && this.#isTopLevel(node));
  }

  #isTopLevel(node: Node): boolean {
    return (
      statementOf(node).parent?.kind === SyntaxKind.SourceFile &&
      !NAMESPACES.has(node.kind) &&
      node.getSourceFile().fileName.startsWith(this.#packageFolder)
    );
  }

  /** The text of a declaration: without comments, its members in the order of their texts. */
  textOf(node: Node): string {
    const statement = statementOf(node) as Parent;
    const print = (each: Node): string =>
      patternsIn(each)
        .map((pattern) => this.#project.emitter.printNode(pattern))
        .reduce((text, pattern) => text.replace(pattern, 'input'), this.#project.emitter.printNode(each))
        .replaceAll(/\b(?:export|declare)\b|\bimport\("[^"]*"\)\./g, '')
        // A second thing of the same name, in a report.
        .replaceAll(/\b(\w+?)_\d+\b/g, '$1')
        .replaceAll(/\s+/g, ' ')
        .trim();
    const whole = print(statement);
    if (statement.members === undefined) return whole;
    const members = statement.members.filter((member) => !isPrivate(member)).map(print);
    return `${whole.slice(0, whole.indexOf('{'))}{ ${members.sort().join(' ')} }`;
  }

  /** The declarations of a file, but for namespaces, which hold what stands elsewhere. */
  declarationsIn(file: string): readonly Node[] {
    return this.#source(file).statements.filter(({ kind }) => !BINDINGS.has(kind));
  }
}

/** What types of options are called. */
const OPTIONS = /(Options|Definition|Selection)$/;

const NAMESPACES = new Set([SyntaxKind.SourceFile, SyntaxKind.ModuleDeclaration]);
const BINDINGS = new Set([
  SyntaxKind.ModuleDeclaration,
  SyntaxKind.ImportDeclaration,
  SyntaxKind.ExportDeclaration,
]);
const HIDDEN = new Set<SyntaxKind>([SyntaxKind.PrivateKeyword, SyntaxKind.ProtectedKeyword]);

/** A constant's statement, of which it is a part; others are their own. */
function statementOf(node: Node): Node {
  const isPart = node.kind === SyntaxKind.VariableDeclaration;
  return (isPart ? node.parent?.parent : undefined) ?? node;
}

const isPrivate = ({ modifiers = [], name }: Parent) =>
  name?.kind === SyntaxKind.PrivateIdentifier ||
  modifiers.some(({ kind }) => kind === SyntaxKind.PrivateKeyword);

/** Those of a node and below it that fulfil a condition. */
function* below(node: Node, wanted: (node: Node) => boolean, skipped = (_: Node) => false): Generator<Node> {
  if (skipped(node)) return;
  if (wanted(node)) yield node;
  const children: Node[] = [];
  node.forEachChild((child) => {
    children.push(child);
  });
  for (const child of children) yield* below(child, wanted, skipped);
}

const namesIn = (node: Node, isPublic: boolean): readonly Node[] => [
  ...below(
    statementOf(node),
    ({ kind }) => kind === SyntaxKind.Identifier,
    ({ kind, modifiers = [] }: Parent) =>
      isPublic && (kind === SyntaxKind.TypeQuery || modifiers.some((own) => HIDDEN.has(own.kind))),
  ),
];

/** Parameters that are taken apart: what they are called is nobody's concern. */
const patternsIn = (node: Node): readonly Node[] => [
  ...below(
    node,
    ({ kind, parent }) =>
      parent?.kind === SyntaxKind.Parameter &&
      (kind === SyntaxKind.ObjectBindingPattern || kind === SyntaxKind.ArrayBindingPattern),
  ),
];
