import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from '@swc/core';
import { root } from '../support/fixtures.js';

const ROOMS = ['graph', 'exporters', 'runtime', 'src'];

/** A node of swc's syntax tree, as plain data. */
type Syntax = Readonly<Record<string, unknown>> & { readonly type: string };

const isSyntax = (value: unknown): value is Syntax =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

/** Objects without a type (an argument beside its spread, what a method runs) are no nodes: what is in them is the node's. */
function* partsOf(node: object): Generator<Syntax> {
  for (const value of Object.values(node)) {
    for (const part of Array.isArray(value) ? value : [value]) {
      if (isSyntax(part)) yield part;
      else if (typeof part === 'object' && part !== null) yield* partsOf(part);
    }
  }
}

const nameOf = (node: unknown): string =>
  isSyntax(node) && typeof node.value === 'string' ? node.value : '';

/** An error that is made, or what a function that makes one is given where its result is thrown. */
const isMessage = (node: Syntax, isThrown: boolean) =>
  node.type === 'YieldExpression' ||
  (node.type === 'NewExpression' && /Error$/.test(nameOf(node.callee))) ||
  (node.type === 'CallExpression' && isThrown);

/** A literal with `…` for what is put into it; undefined for what is not a string of several words. */
function templateOf(node: Syntax): string | undefined {
  const quasis = Array.isArray(node.quasis) ? node.quasis.map(({ cooked }) => String(cooked)) : undefined;
  const text = node.type === 'StringLiteral' ? nameOf(node) : quasis?.join('…');
  return text !== undefined && /\p{L}.* /u.test(text) ? text : undefined;
}

function* literalsIn(node: Syntax): Generator<string> {
  const text = templateOf(node);
  if (text !== undefined) yield text;
  for (const part of partsOf(node)) yield* literalsIn(part);
}

/** The expressions that messages are made by: errors, what is thrown, and the problems that a generator yields. */
function* messagesIn(node: Syntax, isThrown = false): Generator<Syntax> {
  if (isMessage(node, isThrown)) yield node;
  else for (const part of partsOf(node)) yield* messagesIn(part, node.type === 'ThrowStatement');
}

function* namesIn(node: Syntax): Generator<string> {
  if (node.type === 'Identifier') yield nameOf(node);
  for (const part of partsOf(node)) yield* namesIn(part);
}

/** The functions and constants of a file, by their names. */
function* declarationsIn(node: Syntax): Generator<readonly [string, Syntax]> {
  if (node.type === 'FunctionDeclaration') yield [nameOf(node.identifier), node];
  if (node.type === 'VariableDeclarator') yield [nameOf(node.id), node];
  for (const part of partsOf(node)) yield* declarationsIn(part);
}

/** What the messages of a file's errors are made of, each once: their own texts, and those of what they call or name there. */
function templatesOf(source: string): readonly string[] {
  const tree = parseSync(source, { syntax: 'typescript', target: 'es2022' }) as unknown as Syntax;
  const messages = [...messagesIn(tree)];
  const named = new Set(messages.flatMap((message) => [...namesIn(message)]));
  const parts = [...declarationsIn(tree)].flatMap(([name, node]) => (named.has(name) ? [node] : []));
  return [...new Set([...messages, ...parts].flatMap((node) => [...literalsIn(node)]))];
}

/** Of every file of the product that has any. */
export function allTemplates(): ReadonlyMap<string, readonly string[]> {
  const files = ROOMS.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => `${room}/${file}`),
  );
  const found = files
    .sort()
    .map((file): [string, readonly string[]] => [file, templatesOf(readFileSync(join(root, file), 'utf8'))]);
  return new Map(found.filter(([, templates]) => templates.length > 0));
}
