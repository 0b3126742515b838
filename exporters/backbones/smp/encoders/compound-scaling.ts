/** [expansion, kernel, stride of the first, channels, blocks] of each stage (Tan and Le, ICML 2019, table 1). */
export const STAGES = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
] as const;
export const STEM = 32;

export type Scale = readonly [width: number, depth: number, side: number];

/** Factors of width and depth, and the side of the images that it was trained with. */
export const SCALES = {
  b0: [1, 1, 224],
  b1: [1, 1.1, 240],
  b2: [1.1, 1.2, 260],
  b3: [1.2, 1.4, 300],
  b4: [1.4, 1.8, 380],
  b5: [1.6, 2.2, 456],
  b6: [1.8, 2.6, 528],
  b7: [2, 3.1, 600],
} as const satisfies Record<string, Scale>;

/** Channels times a factor, as a multiple of 8 that is at most a tenth less. */
export function roundedChannels(channels: number, factor = 1): number {
  const wanted = channels * factor;
  const rounded = Math.max(8, Math.floor((wanted + 4) / 8) * 8);
  return rounded < 0.9 * wanted ? rounded + 8 : rounded;
}

/** A stage's blocks times the factor of depth. */
export const scaledDepth = (blocks: number, factor: number): number => Math.ceil(blocks * factor);
