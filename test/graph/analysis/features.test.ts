import { describe, expect, it } from '@jest/globals';
import {
  imageOf,
  type Located,
  locate,
  type Measure,
  sizeMultipleOf,
} from '../../../graph/analysis/features.js';
import { lastOnTheWayDown } from '../../../graph/analysis/way-down.js';
import { ints } from '../../../graph/ir/attribute.js';
import type { Model, Node, ValueInfo } from '../../../graph/ir/model.js';
import { handmade, node } from '../../support/graph.js';

const float = (name: string, ...shape: (number | string)[]): ValueInfo => ({
  name,
  type: { dtype: 'float32', shape },
});
const halving = (from: string, to: string) =>
  node('MaxPool', [from], [to], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
/** An operator that nobody knows. */
const mystery = (from: string, to: string): Node => ({
  ...node('Mystery', [from], [to]),
  domain: 'org.example',
});

const unasked: Measure = () => {
  throw new Error('not to be asked');
};
const scalesOf = (located: readonly Located[]) => located.map(({ feature }) => feature?.scale);

function modelOf(nodes: readonly Node[], image: ValueInfo, valueInfo: readonly ValueInfo[] = []): Model {
  const outputs = [{ name: nodes.at(-1)?.outputs[0] ?? '' }];
  const model = handmade({ nodes, inputs: [image], outputs, valueInfo });
  return { ...model, opsets: new Map([...model.opsets, ['org.example', 1]]) };
}

const open = float('x', 'N', 3, 'H', 'W');
const fixed = float('x', 1, 3, 40, 40);
const down = [halving('x', 'a'), halving('a', 'b'), halving('b', 'c'), halving('c', 'd')];
const names = ['x', 'a', 'b', 'c', 'd'];

describe('how large a tensor is beside the image', () => {
  it('is inferred, for every size at once or for one', async () => {
    expect(scalesOf(await locate(modelOf(down, open), names, unasked))).toEqual([1, 2, 4, 8, 16]);
    const unnamed = float('x', '', 3, -1, -1);
    expect(scalesOf(await locate(modelOf(down, unnamed), names, unasked))).toEqual([1, 2, 4, 8, 16]);
    const square = float('x', 1, 3, 'S', 'S');
    expect(scalesOf(await locate(modelOf(down, square), names, unasked))).toEqual([1, 2, 4, 8, 16]);
  });

  it('is not what rounding makes of one size: 2 of 40 is no twentieth', async () => {
    const located = await locate(modelOf(down, fixed), names, unasked);
    expect(scalesOf(located)).toEqual([1, 2, 4, 8, undefined]);
    expect(located[4]?.type?.shape).toEqual([1, 3, 2, 2]);
  });

  it('is as declared behind an operator that is not known', async () => {
    const model = modelOf([halving('x', 'a'), mystery('a', 'b'), halving('b', 'c')], open, [
      float('b', 'N', 8, 'H', 'W'),
    ]);
    expect(scalesOf(await locate(model, ['a', 'b', 'c'], unasked))).toEqual([2, 1, 2]);
  });

  it('is measured where nothing is declared, or in sizes of other names', async () => {
    const nodes = [halving('x', 'a'), mystery('a', 'b'), halving('b', 'c')];
    for (const declared of [[], [float('b', 'N', 8, 'b_height', 'b_width')]]) {
      const asked: (readonly string[])[] = [];
      const measure: Measure = async ({ graph }) => {
        asked.push(graph.outputs.map(({ name }) => name));
        return new Map([
          ['x', { dtype: 'float32', shape: [1, 3, 256, 256] }],
          ['b', { dtype: 'float32', shape: [1, 8, 64, 64] }],
          ['c', { dtype: 'float32', shape: [1, 8, 32, 16] }],
        ]);
      };
      const located = await locate(modelOf(nodes, open, declared), ['a', 'b', 'c'], measure);
      expect(located.map(({ feature }) => feature)).toEqual([
        { tensor: 'a', channels: 3, scale: 2 },
        { tensor: 'b', channels: 8, scale: 4 },
        undefined,
      ]);
      expect(asked).toEqual([['b', 'c']]);
    }
  });

  it('is nothing where the whole image is one pixel, unless it would be part of a larger one', async () => {
    const pooled = [mystery('x', 'a')];
    const measure: Measure = async () =>
      new Map([
        ['x', { dtype: 'float32', shape: [1, 3, 256, 256] }],
        ['a', { dtype: 'float32', shape: [1, 3, 1, 1] }],
      ]);
    expect(scalesOf(await locate(modelOf(pooled, open), ['a'], measure))).toEqual([undefined]);
    const small = float('x', 1, 3, 16, 16);
    expect(scalesOf(await locate(modelOf(down, small), ['d'], unasked))).toEqual([16]);
  });

  it('asks for sizes that divide what is below it, too', async () => {
    const up = {
      ...node('ConvTranspose', ['c', 'w'], ['up'], { strides: ints([2, 2]) }),
    };
    const model = modelOf([...down.slice(0, 3), up], open);
    const weight = { dtype: 'float32', dims: [3, 5, 2, 2], bytes: () => new Uint8Array(240) } as const;
    const whole = { ...model, graph: { ...model.graph, initializers: new Map([['w', weight]]) } };
    const features = (await locate(whole, ['a', 'up'], unasked)).flatMap(({ feature }) => feature ?? []);
    expect(features.map(({ scale }) => scale)).toEqual([2, 4]);
    expect(sizeMultipleOf(whole, features)).toBe(8);
    expect(sizeMultipleOf(whole, features.slice(0, 1))).toBe(2);
  });

  it('needs one image', () => {
    const two = handmade({ inputs: [open, float('other', 1, 3, 8, 8)] });
    expect(() => imageOf(two)).toThrow(
      'it takes x float32 [N,3,H,W] and other float32 [1,3,8,8], expected one image [N, C, H, W]',
    );
    expect(() => imageOf(handmade({}))).toThrow('it takes nothing, expected one image [N, C, H, W]');
    for (const shape of [
      [1, 64, 64, 3],
      ['N', 'H', 'W', 3],
      [1, 256, 256, 1],
    ]) {
      const inputs = [{ name: 'x', type: { dtype: 'float32' as const, shape } }];
      expect(() => imageOf(handmade({ inputs }))).toThrow(
        /^it takes x float32 \[.*\]: its channels seem to stand last, expected \[N, C, H, W\]: export it with channels first/,
      );
    }
    expect(imageOf(handmade({ inputs: [open, float('time', 1)] })).name).toBe('x');
  });
});

describe('the last tensor at each resolution on the way down', () => {
  const at = (tensor: string, scale: number, channels = 8): Located => ({
    tensor,
    type: undefined,
    feature: { tensor, channels, scale },
  });
  /** Of tensors each computed from the one before, or from those named. */
  const proposed = (tensors: readonly Located[], from: Readonly<Record<string, readonly string[]>> = {}) => {
    const nodes = tensors.map(({ tensor }, index) =>
      node('Some', from[tensor] ?? [tensors[index - 1]?.tensor ?? 'x'], [tensor]),
    );
    return lastOnTheWayDown(modelOf(nodes, open), tensors).map(({ tensor }) => tensor);
  };

  it('leaves the way up and what has no resolution aside', () => {
    const shape = { tensor: 'shape', type: undefined };
    const up = [at('up', 2), at('out', 1)];
    expect(proposed([at('a', 1), at('b', 1), at('c', 2), shape, at('d', 4), ...up])).toEqual(['b', 'c', 'd']);
  });

  it('what narrows at the bottom is a head', () => {
    expect(proposed([at('a', 2), at('b', 16, 64), at('c', 16, 64), at('head', 16, 2)])).toEqual(['a', 'c']);
  });

  it('is before the branches that meet further down, where there is such a place', () => {
    const block = [at('stem', 2), at('a', 4), at('left', 4), at('down', 8), at('right', 8), at('sum', 8)];
    expect(proposed(block, { right: ['a'], sum: ['down', 'right'] })).toEqual(['stem', 'a', 'sum']);
    expect(proposed(block, { right: ['x'], sum: ['down', 'right'] })).toEqual(['stem', 'left', 'sum']);
  });
});
