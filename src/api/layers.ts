/**
 * Layers of PyTorch as graphs, for a backbone of your own and for training. Experimental: names and defaults may still change.
 *
 * @experimental
 */

export type { ConvOptions, ConvTransposeOptions, PerAxis } from '../../exporters/nn/convolution.js';
export * from '../../exporters/nn/layers.js';
