import { describe, expect, it } from '@jest/globals';
import { closest, closestText, instead } from '../../../graph/common/closest.js';

describe('a name that is not among those that are known', () => {
  it.each([
    ['/layer2/relu', ['/layer1/Relu', '/layer2/Relu', '/layer2/Relu_1', 'image'], '/layer2/Relu'],
    ['imag', ['image', 'mask'], 'image'],
    ['levle', ['level', 'target'], 'level'],
    ['ZSCORENORMALISATION', ['CTNormalization', 'ZScoreNormalization'], 'ZScoreNormalization'],
    ['resnet_50', ['resnet18', 'resnet50'], 'resnet50'],
  ])('%s is the closest that takes the fewest changes', (name, names, near) => {
    expect(closest(name, names, 1)).toEqual([near]);
    expect(closestText(name, names)).toBe(`; the closest is ${near}`);
  });

  it.each([
    ['decoder_dropout', ['encoder_depth', 'decoder_channels', 'encoder_name']],
    ['MyFancyNorm', ['CTNormalization', 'NoNormalization', 'ZScoreNormalization']],
    ['SwinUNETR', ['UNet', 'BasicUNet', 'AttentionUnet', 'DynUNet', 'SegResNet']],
    ['2d', ['own']],
    ['', ['a']],
  ])('%s is like none of them', (name, names) => {
    expect(closest(name, names, 3)).toEqual([]);
    expect(closestText(name, names)).toBe('');
  });

  it('several that are near come in their order', () => {
    expect(closestText('resnet1', ['vgg11', 'resnet50', 'resnet18'], 2)).toBe(
      '; the closest are resnet18, resnet50',
    );
  });

  it.each([
    ['thread', ['threads', 'strict'], '; the closest is <threads>'],
    ['cores', ['threads', 'strict'], ', expected <threads>, <strict>'],
    ['cores', [], ', expected none'],
    [
      'outputFile',
      ['at', 'atol', 'output', 'images', 'method', 'minutes', 'outputs', 'target', 'window'],
      '; the nearest of 9 are <output>, <outputs>, <atol>',
    ],
  ])('%s is followed by the closest of %j, by all of few, or by the nearest of many', (name, names, text) => {
    expect(instead(name, names, (known) => `<${known}>`)).toBe(text);
  });
});
