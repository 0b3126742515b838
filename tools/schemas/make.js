/** Makes docs/schemas.json of the types of what `--json` prints: a JSON Schema with a definition for each command. */
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..', '..');
const source = join(root, 'src/cli/output/documents.ts');

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const program = ts.createProgram([source], options);
const checker = program.getTypeChecker();

/** Schemas of interfaces, by name: what is used twice is written once. */
const definitions = {};
/** Which interface has a name. */
const owners = new Map();

const is = (type, flag) => (type.flags & flag) !== 0;

function described(schema, symbol) {
  const text = ts.displayPartsToString(symbol?.getDocumentationComment(checker) ?? []);
  const deprecated = symbol?.getJsDocTags(checker).some(({ name }) => name === 'deprecated');
  return { ...schema, ...(text !== '' && { description: text }), ...(deprecated && { deprecated: true }) };
}

function schemaOf(type) {
  if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
  if (is(type, ts.TypeFlags.BooleanLiteral)) return { const: checker.typeToString(type) === 'true' };
  // Text of a pattern, as `cuda:${number}`.
  if (is(type, ts.TypeFlags.StringLike)) return { type: 'string' };
  if (is(type, ts.TypeFlags.NumberLike)) return { type: 'number' };
  if (is(type, ts.TypeFlags.BooleanLike)) return { type: 'boolean' };
  if (is(type, ts.TypeFlags.Null)) return { type: 'null' };
  if (type.isUnion()) return unionOf(type);
  const [element] = checker.isArrayType(type) ? checker.getTypeArguments(type) : [];
  if (element !== undefined) return { type: 'array', items: schemaOf(element) };
  if (checker.isTupleType(type)) return tupleOf(checker.getTypeArguments(type));
  if (is(type, ts.TypeFlags.Object | ts.TypeFlags.Intersection)) return named(type);
  throw new TypeError(`${checker.typeToString(type)}: no JSON is known of this type`);
}

function unionOf(type) {
  const types = type.types.filter((each) => !is(each, ts.TypeFlags.Undefined));
  const schemas = [];
  for (const schema of types.map(schemaOf)) {
    if (!schemas.some((other) => JSON.stringify(other) === JSON.stringify(schema))) schemas.push(schema);
  }
  if (schemas.length === 1) return schemas[0];
  const values = schemas.map((schema) => schema.const);
  if (values.length === 2 && values.includes(true) && values.includes(false)) return { type: 'boolean' };
  return values.includes(undefined) ? { anyOf: schemas } : { enum: values };
}

function tupleOf(types) {
  const { length } = types;
  return { type: 'array', items: types.map(schemaOf), minItems: length, maxItems: length };
}

/** An interface by its name; what has none, or is one of many of its kind, where it is. */
function named(type) {
  const symbol = type.aliasSymbol ?? type.symbol;
  const { name = '__type' } = symbol ?? {};
  const isGeneric = (type.aliasTypeArguments ?? checker.getTypeArguments(type) ?? []).length > 0;
  if (isGeneric || /^(__type|Record|Readonly|Pick|Omit|Partial)$/.test(name)) return objectOf(type);
  if (owners.has(name) && owners.get(name) !== symbol) throw new TypeError(`${name}: there are two`);
  if (!owners.has(name)) {
    owners.set(name, symbol);
    definitions[name] = described(objectOf(type), symbol);
  }
  return { $ref: `#/definitions/${name}` };
}

function objectOf(type) {
  const properties = checker.getPropertiesOfType(type);
  const index = checker.getIndexTypeOfType(type, ts.IndexKind.String);
  const required = properties
    .filter(({ flags }) => !(flags & ts.SymbolFlags.Optional))
    .map(({ name }) => name);
  const entries = properties.map((property) => [
    property.name,
    described(schemaOf(checker.getTypeOfSymbol(property)), property),
  ]);
  return {
    type: 'object',
    ...(entries.length > 0 && { properties: Object.fromEntries(entries) }),
    ...(required.length > 0 && { required }),
    additionalProperties: index === undefined ? false : schemaOf(index),
  };
}

const documents = checker
  .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(source)))
  .find(({ name }) => name === 'Documents');
const commands = checker
  .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(documents))
  .map((command) => [command.name, schemaOf(checker.getTypeOfSymbol(command))]);
const byName = Object.entries(definitions).sort(([a], [b]) => (a < b ? -1 : 1));
const document = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'What each command of nmode prints with --json',
  definitions: Object.fromEntries([...commands, ...byName]),
};
writeFileSync(join(root, 'docs', 'schemas.json'), JSON.stringify(document));
