import { afterAll, describe, expect, it } from '@jest/globals';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { type ExportOptions, planExport } from '../../exporters/assembly/export-plan.js';
import { detectIn } from '../../exporters/assembly/network-weights.js';
import { openCheckpoint, readReference } from '../../exporters/checkpoints/open.js';
import { optimize } from '../../graph/passes/optimize.js';
import { inspect } from '../../src/api/inspect.js';
import { fixture } from '../support/fixtures.js';
import { worstOf } from '../support/network-cases.js';
import { nmode } from '../support/nmode.js';

const checkpoint = await openCheckpoint(fixture('abm', 'checkpoint_final.pth'));
afterAll(() => checkpoint.close());

describe('what the trainer of FuseUNet saves', () => {
  const exported = (options: Partial<ExportOptions>) => exportCheckpoint(checkpoint, planExport(options));

  it('tells its encoder, whose widths are not those of the plans, and its decoder', () => {
    const { network, classes, decoders, nmode: variant } = detectIn(checkpoint);
    expect(network).toMatchObject({
      backbone: 'nnunet.plainconvunet',
      widths: [2, 3, 4],
      scales: [
        [1, 1, 1],
        [1, 2, 2],
        [2, 4, 4],
      ],
    });
    expect([classes, decoders]).toEqual([4, ['abm']]);
    expect(variant).toMatchObject({ order: 'C_R', kernel: 1, stateChannels: 8 });
  });

  it('is inspected with the scale of each axis, and with each number counted once', async () => {
    const report = await inspect(fixture('abm', 'checkpoint_final.pth'));
    expect(report).toMatchObject({
      architecture: { scales: [1, [1, 2, 2], [2, 4, 4]], activation: 'softmax' },
      parameters: exported({}).parameters,
    });
    expect(nmode('inspect', fixture('abm', 'checkpoint_final.pth')).stdout).toContain(
      'nnunet.plainconvunet, widths 2, 3, 4, scales 1, 1x2x2, 2x4x4\n',
    );
  });

  it.each(['none', 'standard', 'latency'] as const)('gives what PyTorch gives, at %s', async (level) => {
    const { model, leftAside } = exported({ head: 'none' });
    expect(leftAside).toEqual([]);
    const [image, logits] = (await readReference(fixture('abm', 'fuseunet.io.safetensors'))).values();
    if (image === undefined || logits === undefined) throw new Error('no reference');
    const reference = new Map([
      ['input', image],
      ['mask', logits],
    ]);
    expect(await worstOf([optimize(model, { level }).model], reference)).toBeLessThanOrEqual(4e-6);
  });

  it('needs nothing to be told: what is taken for the rest is told as assumed', () => {
    const { description, assumed, model } = exported({});
    expect(description.head).toBe('softmax');
    expect(Object.fromEntries(model.metadata)).toMatchObject({
      'nmode.decoder': 'abm',
      'nmode.abm_form': 'release',
      'nmode.activation': 'none',
      'nmode.class_names': '["background","right ventricle","myocardium","left ventricle"]',
    });
    expect(assumed.slice(0, 2)).toEqual([
      { what: 'ABM form', value: 'release', option: 'abmForm' },
      { what: 'activation between steps', value: 'none', option: 'activation' },
    ]);
  });

  it('has one decoder, and labels that exclude each other', () => {
    expect(() => exported({ decoder: 'lmd' })).toThrow('its keys are those of abm, not of lmd');
    expect(() => exported({ head: 'sigmoid' })).toThrow('the network was trained to end in softmax');
  });

  it('is refused in half with the keys that are missing', () => {
    const without = (name: RegExp) => new Map([...checkpoint.tensors].filter(([key]) => !name.test(key)));
    const refused = (name: RegExp) => () =>
      exportCheckpoint({ ...checkpoint, tensors: without(name) }, planExport({}));
    expect(refused(/^decoder\.upsamples\.1\.|\.stages\.\d\.opx/)).toThrow(
      /2 missing: decoder\.upsamples\.1\.conv\.weight, decoder\.upsamples\.1\.conv\.bias; save the whole/,
    );
    expect(refused(/^decoder\.seg_layers\.2\./)).toThrow(
      /no head: the key decoder\.seg_layers\.2\.weight is missing/,
    );
  });
});
