import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../../exporters/assembly/build.js';
import { standard } from '../../exporters/assembly/describe.js';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { planExport } from '../../exporters/assembly/export-plan.js';
import type { Backbone } from '../../exporters/backbones/backbone.js';
import { defineBackbone } from '../../exporters/backbones/define.js';
import { backboneOf } from '../../exporters/backbones/index.js';
import { type Checkpoint, openCheckpoint } from '../../exporters/checkpoints/open.js';
import * as layers from '../../exporters/nn/layers.js';
import { keysOf, type Shapes, type Weights } from '../../exporters/nn/weights.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Value } from '../../graph/ir/value.js';
import { RECIPE_KEY } from '../../graph/recipe/recipe.js';
import { inspect } from '../../src/api/inspect.js';
import { fixture, root } from '../support/fixtures.js';
import { Strided } from '../support/own.js';
import { seeded } from '../support/seeded.js';

const { conv2d, maxPool2d } = layers;

describe('a backbone of your own', () => {
  it('the example exports a checkpoint and agrees with PyTorch', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nmode-own-'));
    try {
      const output = join(folder, 'strided.onnx');
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(root, 'examples/own-backbone.mjs'), output],
        { cwd: root, encoding: 'utf8' },
      );
      expect(stderr).toBe('');
      expect(status).toBe(0);
      expect(stdout).toMatch(/strided, 14096 parameters, sizes in multiples of 8/);
      const report = await inspect(output);
      if (report.kind !== 'model') throw new Error('no model');
      expect(report.metadata).toMatchObject({ 'nmode.backbone': 'strided', 'nmode.widths': '8,16,24,32' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('tells widths, scales, keys and what sizes are multiples of', () => {
    const network = defineBackbone({
      id: 'two',
      inputChannels: 1,
      features(input, weights) {
        const first = conv2d(input, weights.scope('a'), 4, 3);
        return [first, conv2d(maxPool2d(first, weights.scope('pool'), 2), weights.scope('b'), 8, 1)];
      },
    }).network(new Map());
    expect(network).toMatchObject({
      inputChannels: 1,
      widths: [4, 8],
      scales: [
        [1, 1],
        [2, 2],
      ],
      stride: 2,
    });
    expect([...network.keys.keys()]).toEqual(['a.weight', 'a.bias', 'b.weight', 'b.bias']);
  });

  it.each([
    ['that are no whole part of the input', 7, [1]],
    ['from deep to shallow', 2, [1, 0]],
  ] as const)('has no features %s', (_, stride, order) => {
    const define = () =>
      defineBackbone({
        id: 'odd',
        features(input, weights) {
          const first = conv2d(input, weights.scope('a'), 4, 3);
          const features = [first, maxPool2d(first, weights.scope('pool'), stride)];
          return order.flatMap((at) => features[at] ?? []);
        },
      });
    expect(define).toThrow(
      /backbone odd: its features have the scales .*, expected whole scales from shallow/,
    );
  });

  it('may be of a program that was written for the names of before', async () => {
    const checkpoint = await openCheckpoint(fixture('own', 'strided.pth'));
    const now = (backbone: Backbone) =>
      exportCheckpoint(checkpoint, planExport({ backbone, decoder: 'eed', activation: 'gelu', size: {} }))
        .model;
    const names = { id: 'strided', stems: ['stages.0.0.weight'] };
    const before = {
      ...names,
      network(shapes: Shapes) {
        const { ignoredPrefixes: _, scales, skips, ...others } = Strided.network(shapes);
        return {
          ...others,
          aside: ['head.'],
          scales: scales.map((scale) => scale[0]),
          skips: (...given: Parameters<typeof skips>) =>
            skips(...given).map(({ value, scale }) => ({ value, scale: scale[0] })),
        };
      },
    };
    const given = Object.assign(Object.create(null), before);
    expect(encodeModel(now(given))).toEqual(encodeModel(now(Strided)));
    expect(backboneOf(given).network(new Map())).toMatchObject({ ignoredPrefixes: ['head.'] });
    checkpoint.close();
    const own = { classes: 1, multiple: 8, logits: () => layers, form: { upsampling: 'nearest' } };
    const decoding = Object.assign(Object.create(null), {
      ...given,
      network: () => ({ ...before.network(new Map()), own }),
    });
    expect(backboneOf(decoding).network(new Map()).own).toMatchObject({ variant: own.form });
  });

  it('has features', () => {
    expect(() => defineBackbone({ id: 'odd', features: () => [] })).toThrow(
      'backbone odd: it has no feature, expected whole scales from shallow to deep',
    );
  });

  /** As from JavaScript, which checks no types. */
  const define: (definition: object) => Backbone = (definition) =>
    Reflect.apply(defineBackbone, undefined, [definition]);
  const mine = (features: (input: Value, weights: Weights) => unknown) => ({
    id: 'mine',
    features,
  });

  it.each([
    ['no id', {}, /^`id` is missing: expected a string$/],
    ['an option that does not exist', { ...mine(() => []), channels: 1 }, /^no option is named `channels`/],
    ['an empty id', { ...mine(() => []), id: '' }, /^the id of a backbone is '', expected letters, digits/],
    [
      'an id that is a path',
      { ...mine(() => []), id: '../x' },
      /^the id of a backbone is '\.\.\/x', expected letters/,
    ],
    [
      'the id of another',
      { ...mine(() => []), id: 'resnet18' },
      /'resnet18', which is known already: give it another$/,
    ],
    ['no features', { id: 'mine' }, /^`features` is missing: expected a function$/],
    [
      'no channels',
      { ...mine(() => []), inputChannels: 0 },
      /^backbone mine: inputChannels is 0, expected a whole number of at least 1$/,
    ],
    [
      'nothing returned',
      mine(() => undefined),
      /^backbone mine: features returns undefined, expected an array/,
    ],
    ['a promise', mine(async () => []), /^backbone mine: features returns a promise, expected/],
    ['numbers', mine(() => [1, 2]), /^backbone mine: features returns an array with a value of type number/],
    [
      'an error of its own',
      mine(() => {
        throw new TypeError('x is not a function');
      }),
      /^backbone mine: x is not a function$/,
    ],
    [
      'an unknown activation',
      mine((x, weights) => Reflect.apply(layers.activation, undefined, ['mish', x, weights])),
      /^backbone mine: no activation 'mish': there are relu, relu6, .*, gelu$/,
    ],
    [
      'groups that do not divide',
      mine((x, weights) => [layers.conv2d(x, weights.scope('a'), 4, 3, { groups: 2 })]),
      /^backbone mine: a: 2 groups do not divide both the 3 channels taken and the 4 given$/,
    ],
    [
      'an option of a layer that does not exist',
      mine((x, weights) => [
        Reflect.apply(layers.conv2d, undefined, [x, weights.scope('a'), 4, 3, { strides: 2 }]),
      ]),
      /^backbone mine: a: no option is named `strides`; the closest is `stride`$/,
    ],
    [
      'a name in place of a scope',
      mine((x) => Reflect.apply(layers.conv2d, undefined, [x, 'stages.0', 4, 3])),
      /^backbone mine: a layer has 'stages\.0' for its weights, expected weights\.scope/,
    ],
  ])('is refused with %s, by its name', (_, definition, says) => {
    expect(() => define(definition)).toThrow(
      expect.objectContaining({
        name: 'NmodeError',
        code: 'BAD_USAGE',
        message: expect.stringMatching(says),
      }),
    );
  });

  it.each([1, 3, 5])('of %d channels is exported, and tells how images are prepared', (inputChannels) => {
    const backbone = define({
      ...mine((x: Value, weights: Weights) => [conv2d(x, weights.scope('a'), 4, 3)]),
      inputChannels,
    });
    const keys = keysOf((weights) => {
      buildModel(standard(backbone.network(new Map()), 'eed'), weights, { size: {} });
    });
    const checkpoint: Checkpoint = {
      file: 'mine.safetensors',
      format: 'safetensors',
      tensors: new Map(Array.from(keys, ([key, dims]) => [key, seeded(key, dims)])),
      note: '',
      sha256: () => '',
      close: () => undefined,
    };
    const { model, notes } = exportCheckpoint(
      checkpoint,
      planExport({
        backbone,
        decoder: 'eed',
        activation: 'gelu',
        size: {},
      }),
    );
    expect(notes).toEqual([]);
    expect(model.metadata.get(RECIPE_KEY)).toContain('min-max');
  });

  it('holds what its code threw as the cause', () => {
    const cause = new TypeError('x is not a function');
    const failing = mine(() => {
      throw cause;
    });
    expect(() => define(failing)).toThrow(expect.objectContaining({ cause }));
  });

  it('is made by defineBackbone: an export refuses a plain object', () => {
    const backbone = { id: 'mine', features: () => [] };
    const options = { backbone, decoder: 'lmd', activation: 'gelu', size: {} };
    expect(() => Reflect.apply(planExport, undefined, [options])).toThrow(
      expect.objectContaining({
        code: 'BAD_USAGE',
        message: 'the backbone is neither a name nor what defineBackbone returns',
      }),
    );
  });
});
