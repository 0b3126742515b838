import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { encodeModel } from '../../../graph/file/write.js';
import { gradients } from '../../../graph/gradients/gradients.js';
import { float32Values } from '../../../graph/ir/tensor.js';
import { input, type Value } from '../../../graph/ir/value.js';
import { identity } from '../../../graph/ops/unary.js';
import { assemble } from '../../../graph/rewriting/assemble.js';
import { diceSemimetric, softDice, type TrainingHead } from '../../../graph/training/losses.js';
import { fixture } from '../../support/fixtures.js';
import { seeded } from '../../support/seeded.js';

const { InferenceSession, Tensor } = await import('onnxruntime-node');

interface Line {
  readonly head: TrainingHead;
  readonly loss: 'softDice' | 'diceSemimetric';
  readonly value: number;
  readonly gradient: readonly number[];
}

const lines: readonly Line[] = JSON.parse(readFileSync(fixture('gradients', 'losses.json'), 'utf8'));
const dims = [2, 3, 2, 3];
const losses = { softDice: softDice(), diceSemimetric: diceSemimetric() };

/** Values of logits and targets, computed by onnxruntime. */
async function computed(
  outputs: (logits: Value, targets: Value) => Record<string, Value>,
  data: Record<'logits' | 'targets', Float32Array>,
) {
  const [logits, targets] = [input('logits', 'float32', dims), input('targets', 'float32', dims)];
  const named = Object.entries(outputs(logits, targets)).map(([name, value]) => [name, identity(value)]);
  const inputs = [logits, targets];
  const model = assemble({ name: 'loss', inputs, outputs: Object.fromEntries(named), producerVersion: '' });
  const session = await InferenceSession.create(encodeModel(model), { intraOpNumThreads: 1 });
  const feeds = Object.entries(data).map(([name, values]) => [name, new Tensor('float32', values, dims)]);
  const found = await session.run(Object.fromEntries(feeds));
  await session.release();
  return Object.fromEntries(
    Object.entries(found).map(([name, tensor]) => [name, [...(tensor.data as Float32Array)]]),
  );
}

const logits = Float32Array.from(float32Values(seeded('logits.bias', dims)), (x) => 10 * x);
const targets = Float32Array.from(float32Values(seeded('targets.running_var', dims)), (x) => x - 0.5);

it.each(lines.map((line) => [line.loss, line.head, line] as const))(
  '%s of %s and its gradient are those of PyTorch in float64',
  async (name, head, line) => {
    const found = await computed(
      (x, t) => {
        const loss = losses[name]({ logits: x, head, targets: t });
        const [slope] = gradients(loss, [x]);
        if (slope === undefined) throw new Error('no gradient');
        return { loss, slope };
      },
      { logits, targets },
    );
    expect(found.loss?.[0]).toBeCloseTo(line.value, 6);
    for (const [place, slope] of line.gradient.entries()) expect(found.slope?.[place]).toBeCloseTo(slope, 7);
  },
);

it('at the probabilities that are its targets the Dice semimetric is 0, and the soft Dice loss is not least', async () => {
  const exact = Float32Array.from(targets, (t) => Math.log(t / (1 - t)));
  const sharper = exact.map((x) => 1.1 * x);
  const at = (data: Float32Array) =>
    computed(
      (x, t) => ({
        dice: losses.softDice({ logits: x, head: 'sigmoid', targets: t }),
        semimetric: losses.diceSemimetric({ logits: x, head: 'sigmoid', targets: t }),
      }),
      { logits: data, targets },
    );
  const [own, other] = [await at(exact), await at(sharper)];
  expect(own.semimetric?.[0]).toBeCloseTo(0, 6);
  expect(other.semimetric?.[0]).toBeGreaterThan(0.01);
  expect(other.dice?.[0]).toBeLessThan(Number(own.dice?.[0]));
});
