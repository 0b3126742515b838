/** The convolutions of a step, as the release calls them. */
export type Convolution = 'g' | 'g_post';

/** What a state dict calls the modules of an nmODE decoder. Steps are counted from 1, the deepest. */
export interface DecoderKeys {
  /** A step. */
  step(step: number): string;
  /** One of its convolutions. */
  convolution(step: number, name: Convolution): string;
  /** What follows the sum of memory and feature. */
  sigma(step: number): string;
  /** The step of which a key is in g; undefined for other keys. */
  stepOf(key: string): number | undefined;
  /** The last 1x1 convolution. */
  head(steps: number): string;
}

/** @param first the number that keys give to step 1 */
function stepIn(key: string, pattern: RegExp, first: number): number | undefined {
  const [, step] = pattern.exec(key) ?? [];
  return step === undefined ? undefined : Number(step) + (1 - first);
}

/** `up1.g`, `up1.sigma` .., `outc.conv`. */
export const RELEASE_KEYS: DecoderKeys = {
  step: (step) => `up${step}`,
  convolution: (step, name) => `up${step}.${name}`,
  sigma: (step) => `up${step}.sigma`,
  stepOf: (key) => stepIn(key, /^up(\d+)\.g\./, 1),
  head: () => 'outc.conv',
};

/** FuseUNet's, where `stages` hold `upsamples` once more. Each step has a head; all but the last are for deep supervision. */
export const FUSEUNET_KEYS: DecoderKeys = {
  step: (step) => `decoder.stages.${step - 1}`,
  convolution: (step) => `decoder.upsamples.${step - 1}.conv`,
  sigma: (step) => `decoder.stages.${step - 1}.sigma`,
  stepOf: (key) => stepIn(key, /^decoder\.upsamples\.(\d+)\.conv\./, 0),
  head: (steps) => `decoder.seg_layers.${steps - 1}`,
};
