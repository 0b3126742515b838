import { defineBackbone } from '../../exporters/backbones/define.js';
import * as layers from '../../exporters/nn/layers.js';

/** The backbone of fixtures/own/, as in examples/own-backbone.mjs. */
export const Strided = defineBackbone({
  id: 'strided',
  features(input, weights) {
    let x = input;
    return [8, 16, 24, 32].map((width, level) => {
      const at = (index: number) => weights.scope(`stages.${level}.${index}`);
      x = layers.conv2d(x, at(0), width, 3, { stride: level === 0 ? 1 : 2, bias: false });
      x = layers.activation('silu', layers.batchNorm2d(x, at(1)), at(2));
      return x;
    });
  },
});
