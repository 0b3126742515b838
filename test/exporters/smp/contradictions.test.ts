/** A config.json that is not that of the weights: each of its fields is named with what it says and what the weights have. */
import { describe, expect, it } from '@jest/globals';
import { NmodeError } from '../../../graph/common/errors.js';
import { configOf, exportedSmp, SMP_CASES, type SmpCase, smpCheckpoint } from '../../support/smp.js';

function caseOf(name: string): SmpCase {
  const entry = SMP_CASES[name];
  if (entry === undefined) throw new Error(`no case ${name}`);
  return entry;
}

/** How the export of a case ends whose config.json says something else. */
function refusal(name: string, changes: object): string {
  const entry = caseOf(name);
  const config = JSON.stringify({ ...JSON.parse(configOf(entry)), ...changes });
  try {
    exportedSmp(smpCheckpoint(entry, [['config.json', config]]));
    return 'nothing was refused';
  } catch (error) {
    return error instanceof NmodeError ? error.message : String(error);
  }
}

const WAY = 'they are of another training, or `backboneArguments` says otherwise';

/** What is said, what the weights have, and by which key. */
type Change = readonly [says: object, has: string, seen: string];

const COMMON: readonly Change[] = [
  [{ encoder_name: 'resnet34' }, '"resnet18"', 'encoder.layer1.2.conv1.weight is missing'],
  [{ in_channels: 1 }, '3', 'encoder.conv1.weight is [64, 3, 7, 7], expected [64, 1, 7, 7]'],
];
const head = (classes: number, shape: string): Change => [
  { classes: 7 },
  String(classes),
  `segmentation_head.0.weight is [${classes}, ${shape}], expected [7, ${shape}]`,
];
const CHANNELS: Change = [{ decoder_channels: [32, 16, 9] }, '[32,16,8]', 'is [8, '];
const SCSE: Change = [
  { decoder_attention_type: null },
  '"scse"',
  'attention1.attention.cSE.1.weight is left over',
];

describe.each<[string, readonly Change[]]>([
  ['unet-scse', [head(2, '8, 3, 3'), CHANNELS, SCSE]],
  ['unetplusplus', [head(2, '8, 3, 3'), CHANNELS, SCSE]],
  ['linknet', [head(2, '32, 1, 1'), [{ encoder_depth: 4 }, '3', 'encoder.layer3.0.conv1.weight is missing']]],
  ['manet', [head(2, '8, 3, 3'), CHANNELS, [{ decoder_pab_channels: 8 }, '16', 'decoder.center.top_conv']]],
  [
    'fpn',
    [
      head(1, '32, 1, 1'),
      [{ encoder_depth: 4 }, '5', 'decoder.p5.weight is [32, 512, 1, 1], expected [32, 256, 1, 1]'],
      [{ decoder_pyramid_channels: 16 }, '32', 'decoder.p5.weight'],
    ],
  ],
  [
    'deeplabv3plus',
    [
      head(2, '32, 1, 1'),
      [{ encoder_depth: 4 }, '5', 'decoder.aspp.0.convs.0.0.weight is [32, 512, 1, 1]'],
      [{ decoder_channels: 16 }, '32', 'decoder.aspp.0.convs.0.0.weight'],
    ],
  ],
])('%s', (name, own) => {
  it.each([...COMMON, ...own])('says %j', (says, has, seen) => {
    const message = refusal(name, says);
    const [[field, value] = []] = Object.entries(says);
    expect(message).toMatch(`config.json: ${field} is ${JSON.stringify(value)}, the weights have ${has}`);
    expect(message).toContain(seen);
    expect(message.endsWith(WAY)).toBe(true);
    expect(message).not.toContain('\n');
  });

  it('says another class', () => {
    const { _model_class: own } = caseOf(name);
    for (const other of ['Unet', 'UnetPlusPlus', 'Linknet', 'MAnet', 'FPN', 'DeepLabV3Plus']) {
      if (other === own) continue;
      // Arguments of one class are not those of another.
      const isFault = new RegExp(`^config\\.json: .*; the weights have _model_class "${own}"$`);
      const isMisfit = new RegExp(
        `^config\\.json: _model_class is "${other}", the weights have "${own}" \\(`,
      );
      expect(refusal(name, { _model_class: other })).toMatch(
        new RegExp(`${isFault.source}|${isMisfit.source}`),
      );
    }
  });
});

it('several fields at once are all named, and what is left out too', () => {
  expect(refusal('unet-scse', { in_channels: 4, classes: undefined })).toBe(
    `config.json: classes is left out, the weights have 2 (segmentation_head.0.weight is [2, 8, 3, 3], expected [1, 8, 3, 3]); config.json: in_channels is 4, the weights have 3 (encoder.conv1.weight is [64, 3, 7, 7], expected [64, 4, 7, 7]): ${WAY}`,
  );
  expect(refusal('unet-scse', { encoder_depth: 5, decoder_channels: undefined })).toContain(
    'config.json: encoder_depth is 5, the weights have 3; config.json: decoder_channels is left out, the weights have [32,16,8]: they',
  );
});

it.each(['unet-scse', 'unetplusplus', 'manet'])(
  '%s with a depth of other channels has the right one',
  (name) => {
    for (const depth of [2, 4]) {
      expect(refusal(name, { encoder_depth: depth })).toBe(
        `config.json: decoder_channels is [32,16,8], expected a list of ${depth}, each a whole number from 1 to 65536: one for each level of encoder_depth; the weights have encoder_depth 3`,
      );
    }
  },
);

it('a classification head is told by its classes, and where there is none', () => {
  expect(refusal('unet-label', { aux_params: { pooling: 'max', classes: 5 } })).toContain(
    'aux_params is {"pooling":"max","classes":5}, the weights have {"pooling":"max","classes":4} (classification_head.3.weight is [4, 128], expected [5, 128])',
  );
  expect(refusal('unet-scse', { aux_params: { classes: 5 } })).toContain(
    'aux_params is {"classes":5}, the weights have null (classification_head.3.weight is missing)',
  );
});

it('an encoder that is not known is named beside the one that the weights have', () => {
  expect(refusal('linknet', { encoder_name: 'xception' })).toMatch(
    /^config\.json: encoder_name is "xception", expected .* optimize or nmode graft; the weights have encoder_name "resnet18"$/,
  );
});

it('weights that are not all there are told by their keys', () => {
  const entry = caseOf('unet-scse');
  const whole = smpCheckpoint(entry, [['config.json', configOf(entry)]]);
  const half = new Map([...whole.tensors].filter((_, index) => index % 2 === 0));
  expect(() => exportedSmp({ ...whole, tensors: half })).toThrow(
    /keys are not those of smp\.unet: .* missing.*; (save the whole|give weights)/,
  );
});

it('a norm that is refused is not taken for one with the same keys', () => {
  expect(refusal('linknet', { decoder_use_norm: 'inplace' })).toMatch(
    /: decoder_use_norm is "inplace", which is not written: the decoder/,
  );
});
