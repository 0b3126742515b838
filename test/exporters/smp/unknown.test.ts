import { expect, it } from '@jest/globals';
import { planExport } from '../../../exporters/assembly/export-plan.js';
import { ownKeys } from '../../../exporters/backbones/backbone.js';
import { backboneOf } from '../../../exporters/backbones/index.js';
import { withStructure } from '../../../src/api/structure/structure.js';
import { seededCheckpoint } from '../../support/network-cases.js';

type Keys = Readonly<Record<string, readonly number[]>>;

const unet = (): Keys => {
  const args = { encoder_name: 'resnet18', decoder_channels: [8, 8, 8, 8, 8] };
  const network = backboneOf('smp.unet', args).network(new Map());
  const own = network.own === undefined ? new Map() : ownKeys(network, network.own);
  return Object.fromEntries([...network.keys, ...own]);
};

const without = (keys: Keys, beginning: string): Keys =>
  Object.fromEntries(Object.entries(keys).filter(([key]) => !key.startsWith(beginning)));

/** What an export says, which looks for plain U-Nets where nothing is known. */
const refusal = (keys: Keys) =>
  withStructure(seededCheckpoint({ keys }, 1), planExport({}), {
    ...{ assume: undefined, reference: undefined, tolerance: {} },
  }).then(
    () => 'known',
    (error: Error) => error.message,
  );

const deepLabV3: Keys = {
  ...without(unet(), 'decoder.'),
  'decoder.aspp.convs.0.0.weight': [256, 256, 1, 1],
};

it('a class that is not known is refused by its encoder and the keys of its decoder', async () => {
  const reason =
    'model.pt: its encoder is resnet18 of segmentation_models.pytorch, its decoder none of Unet, UnetPlusPlus, Linknet, MAnet, FPN, DeepLabV3Plus, with 1 key: decoder.aspp.convs.0.0.weight; PyTorch';
  expect(await refusal(deepLabV3)).toContain(reason);
  const below = Object.fromEntries(Object.entries(deepLabV3).map(([key, dims]) => [`net.${key}`, dims]));
  expect(await refusal({ ...below, 'loss.weight': [2] })).toContain(reason);
});

it('an encoder that is not known is refused with the closest one, and what is other in it', async () => {
  const keys = without(unet(), 'encoder.layer2.0.conv2.');
  expect(await refusal(keys)).toMatch(
    /its decoder is that of Unet of segmentation_models\.pytorch, its encoder none that is known \(docs\/smp\.md\); the closest is resnet18, of whose 100 keys 99 fit; 1 missing: encoder\.layer2\.0\.conv2\.weight; /,
  );
  const others = without(unet(), 'encoder.');
  expect(await refusal({ ...others, 'encoder.s1.weight': [8, 3, 3, 3] })).toMatch(
    /its encoder none that is known \(docs\/smp\.md\); PyTorch/,
  );
});

it('an encoder alone is no plain U-Net', async () => {
  const encoder = Object.fromEntries(Object.entries(unet()).filter(([key]) => key.startsWith('encoder.')));
  expect(await refusal(encoder)).not.toBe('known');
  const whole = Object.fromEntries(
    backboneOf('resnet18').network(new Map([['conv1.weight', [64, 3, 7, 7]]])).keys,
  );
  expect(await refusal(whole)).toBe(
    'model.pt: resnet18, but the checkpoint holds an encoder alone: there is nothing to segment with',
  );
});
