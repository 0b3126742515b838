import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { defineBackbone } from '../../exporters/backbones/backbone.js';
import { conv2d, maxPool2d } from '../../exporters/layers.js';
import { inspect } from '../../src/inspect.js';
import { root } from '../support/fixtures.js';

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
    expect(network).toMatchObject({ inputChannels: 1, widths: [4, 8], scales: [1, 2], stride: 2 });
    expect([...network.keys.keys()]).toEqual(['a.weight', 'a.bias', 'b.weight', 'b.bias']);
  });

  it.each([
    ['that are no whole part of the input', 3, [1]],
    ['from deep to shallow', 2, [1, 0]],
    ['that are none', 2, []],
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
      /backbone odd: its features have the scales .*, expected whole numbers from shallow/,
    );
  });
});
