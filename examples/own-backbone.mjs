/**
 * A network whose encoder is your own: `node examples/own-backbone.mjs [MODEL.onnx]`, in a clone.
 * In PyTorch it is a ModuleList `stages` of Sequential(Conv2d, BatchNorm2d, SiLU), with an LMD decoder (fixtures/own.py).
 */
import { defineBackbone, exportModel, layers } from 'nmode-onnx';

const WIDTHS = [8, 16, 24, 32];

const Strided = defineBackbone({
  id: 'strided',
  features(input, weights) {
    let x = input;
    return WIDTHS.map((width, level) => {
      const at = (index) => weights.scope(`stages.${level}.${index}`);
      x = layers.conv2d(x, at(0), width, 3, { stride: level === 0 ? 1 : 2, bias: false });
      x = layers.activation('silu', layers.batchNorm2d(x, at(1)), at(2));
      return x;
    });
  },
});

const [output = 'out/strided.onnx'] = process.argv.slice(2);
const { backbone, parameters, sizeMultiple, verified } = await exportModel({
  checkpoint: 'fixtures/own/strided.pth',
  output,
  backbone: Strided,
  decoder: 'lmd',
  activation: 'gelu',
  size: {},
  reference: 'fixtures/own/strided.io.safetensors',
});
console.log(`${output}: ${backbone}, ${parameters} parameters, sizes in multiples of ${sizeMultiple}`);
console.log(`largest difference from PyTorch ${verified?.outputs.mask?.maxAbs}`);
