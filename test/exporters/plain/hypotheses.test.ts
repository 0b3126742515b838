import { describe, expect, it } from '@jest/globals';
import { drawingOf } from '../../../exporters/backbones/plain/drawing.js';
import { faultOf, hypothesesOf, MAX_HYPOTHESES } from '../../../exporters/backbones/plain/hypotheses.js';
import type { Shapes } from '../../../exporters/nn/weights.js';

/** Convolutions by module, [out, in, kernel]; each with a bias. */
function convolutions(modules: Readonly<Record<string, readonly [number, number, number]>>): Shapes {
  return new Map(
    Object.entries(modules).flatMap(([path, [out, input, kernel]]): [string, readonly number[]][] => [
      [`${path}.weight`, [out, input, kernel, kernel]],
      [`${path}.bias`, [out]],
    ]),
  );
}

const UNET = {
  a: [8, 3, 3],
  b: [8, 8, 3],
  c: [20, 8, 3],
  d: [20, 20, 3],
  e: [8, 28, 3],
  f: [8, 8, 3],
  g: [2, 8, 1],
} as const;

describe('a plain U-Net by its shapes', () => {
  it('is drawn level by level, and its decoder joins what has the channels that are missing', () => {
    const [first] = hypothesesOf(convolutions(UNET)).all;
    expect(first && drawingOf(first)).toEqual([
      'a: 3 -> 8',
      'b: 8 -> 8',
      '  c: 8 -> 20 (max pooling)',
      '  d: 20 -> 20',
      'e: 28 -> 8, with b (upsampled)',
      'f: 8 -> 8',
      'g: 8 -> 2',
    ]);
  });

  it('lacks a layer: the message says behind which, and what is left', () => {
    const { c: _, ...others } = UNET;
    const hypotheses = hypothesesOf(convolutions(others));
    expect(hypotheses.all).toEqual([]);
    expect(faultOf(hypotheses)).toMatch(
      /^behind \w, which gives \d+ channels, nothing takes them .*; \d left: .*d\.weight.*: a layer may be missing, made anew at each call, or unused$/,
    );
  });

  it('has no layers of other kinds: their keys are named', () => {
    const shapes = new Map([...convolutions(UNET), ['fc.weight', [10, 8]]] as const);
    expect(faultOf(hypothesesOf(shapes))).toBe('1 key: fc.weight of no convolution, norm or PReLU');
  });

  it('may be anything where all convolutions are alike, and is given up in bounded time', () => {
    const same = convolutions(
      Object.fromEntries(Array.from({ length: 128 }, (_, at) => [`c${at}`, [8, 8, 3]])),
    );
    expect(hypothesesOf(same).all.length).toBeLessThanOrEqual(MAX_HYPOTHESES);
    const many = convolutions(
      Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`c${at}`, [8, 8, 3]])),
    );
    expect(hypothesesOf(many).all).toEqual([]);
  });
});
