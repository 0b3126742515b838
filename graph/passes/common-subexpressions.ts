import { holdsSubgraph } from '../analysis/subgraphs.js';
import { at } from '../common/at.js';
import type { Attribute } from '../ir/attribute.js';
import type { Node } from '../ir/model.js';
import { definitionOf } from '../ops/index.js';
import type { Rule } from '../rewriting/rewrite.js';

/** Computes once what several nodes of the same operator, inputs and attributes compute. Each use needs a rule of its own. */
export function commonSubexpressions(): Rule {
  const seen = new Map<string, string>();
  return (node, graph) => {
    const output = at(node.outputs, 0);
    // What is not known may give something else each time.
    const definition = definitionOf(node, graph.opset);
    if (definition === undefined || definition.isRandom || node.outputs.length !== 1) return;
    if (holdsSubgraph(node)) return;
    const key = keyOf(node);
    const known = seen.get(key);
    if (known === undefined) {
      seen.set(key, output);
      return;
    }
    return graph.value(known);
  };
}

function keyOf({ opType, inputs, attributes }: Node): string {
  const stated = [...attributes].flatMap(([name, attribute]) =>
    attribute.type === 'subgraph' ? [] : `${name}=${attributeKey(attribute)}`,
  );
  return JSON.stringify([opType, inputs, stated.sort()]);
}

function attributeKey(attribute: Exclude<Attribute, { type: 'subgraph' }>): string {
  if (attribute.type === 'other') return hex(attribute.bytes);
  if (attribute.type === 'tensor') {
    const { dtype, dims, bytes } = attribute.value;
    return JSON.stringify([dtype, dims, hex(bytes())]);
  }
  return attribute.whole ? hex(attribute.whole) : JSON.stringify([attribute.type, attribute.value]);
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
