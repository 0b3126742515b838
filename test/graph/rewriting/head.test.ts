import { expect, it } from '@jest/globals';
import { check } from '../../../graph/analysis/check.js';
import { relu } from '../../../graph/ops/unary.js';
import { headed } from '../../../graph/rewriting/head.js';
import { applyHead } from '../../../runtime/images/outputs.js';
import { run } from '../../support/graph.js';
import { COLOURS, pixelwise } from '../../support/pixelwise.js';

const feed = { dims: [1, 3, 8, 8], data: Float32Array.from({ length: 192 }, (_, at) => Math.sin(at)) };

/** The largest difference; NaN where a value is missing. */
const apart = (found: ArrayLike<number | bigint> | undefined, expected: Float32Array) =>
  Math.max(...expected.map((value, at) => Math.abs(value - Number(found?.[at] ?? Number.NaN))));

it.each(['sigmoid', 'softmax'] as const)('a %s in the graph gives what it gives outside', async (head) => {
  const model = pixelwise(COLOURS);
  const result = headed(model, head);
  check(result);
  expect(result.graph.outputs).toEqual([{ name: 'mask', type: { dtype: 'float32', shape: [1, 3, 8, 8] } }]);
  expect(result.metadata.get('nmode.head')).toBe(head);
  const { out } = await run(model, { input: feed });
  const { mask } = await run(result, { input: feed });
  expect(apart(mask?.data, applyHead(head, Float32Array.from(out?.data ?? []), 3))).toBeLessThan(1e-6);
});

it('logits that are called mask, as those of an export, are renamed', async () => {
  const plain = pixelwise(COLOURS);
  const rename = (name: string) => (name === 'out' ? 'mask' : name);
  const nodes = plain.graph.nodes.map((node) => ({ ...node, outputs: node.outputs.map(rename) }));
  const outputs = plain.graph.outputs.map((info) => ({ ...info, name: rename(info.name) }));
  const model = { ...plain, graph: { ...plain.graph, nodes, outputs } };
  const result = headed(model, 'sigmoid');
  check(result);
  expect(result.graph.outputs.map(({ name }) => name)).toEqual(['mask']);
  const { mask: logits } = await run(model, { input: feed });
  const { mask } = await run(result, { input: feed });
  expect(apart(mask?.data, applyHead('sigmoid', Float32Array.from(logits?.data ?? []), 3))).toBeLessThan(
    1e-6,
  );
});

it('other outputs stay', () => {
  const model = pixelwise({ ...COLOURS, end: relu });
  const { nodes } = model.graph;
  const more = {
    ...model,
    graph: { ...model.graph, outputs: [...model.graph.outputs, { name: nodes[0]?.outputs[0] ?? '' }] },
  };
  expect(headed(more, 'sigmoid').graph.outputs.map(({ name }) => name)).toEqual([
    'mask',
    nodes[0]?.outputs[0],
  ]);
});

it('an output that is none, or that nothing is known of, is told as it is', () => {
  const { graph, ...model } = pixelwise(COLOURS);
  const of =
    (outputs: typeof graph.outputs, nodes = graph.nodes) =>
    () =>
      headed({ ...model, graph: { ...graph, outputs, nodes } }, 'sigmoid');
  const name = graph.outputs[0]?.name ?? '';
  const flat = { name: 'flat', type: { dtype: 'float32', shape: [4] } } as const;
  expect(of([flat])).toThrow("its output 'flat' is float32 [4], `head` needs one float32 [N, classes, H, W]");
  expect(of([{ name }], [])).toThrow(
    `its output '${name}' is of a type that is not known, \`head\` needs one`,
  );
});

it('a softmax is not written where it would mean another', () => {
  const old = { ...pixelwise(COLOURS), opsets: new Map([['', 12]]) };
  expect(() => headed(old, 'softmax')).toThrow(/^opset 12, and a Softmax over channels needs 13/);
  expect(() => headed(old, 'sigmoid')).not.toThrow();
});

it('logits far from 0 neither overflow nor vanish', () => {
  expect([...applyHead('sigmoid', Float32Array.of(-1000, 1000), 1)]).toEqual([0, 1]);
  expect([...applyHead('softmax', Float32Array.of(1000, -1000, 1000, 1000), 2)]).toEqual([0.5, 0, 0.5, 1]);
  expect(applyHead('softmax', Float32Array.of(Number.NaN, 1), 2).every(Number.isNaN)).toBe(true);
});
