import { at } from '../../../graph/common/at.js';

export const damaged = (how: string) => new Error(`its image data are damaged: ${how}`);

export interface Component {
  readonly id: number;
  /** Sampling factors. */
  readonly across: number;
  readonly down: number;
  /** Blocks of 8 x 8 in whole MCUs, of the component's own size, and along a row of what is kept. */
  readonly blocksAcross: number;
  readonly blocksDown: number;
  readonly stride: number;
  /** Of a progressive image, a bit a coefficient, and a byte a block: whether it, or any but the first, is known not to be zero. */
  readonly nonzero: Uint8Array;
  readonly filled: Uint8Array;
  /** By coefficient, the bit down to which earlier scans told it; -1 where none did. */
  readonly known: Int8Array;
}

export interface Frame {
  readonly isProgressive: boolean;
  readonly mcusAcross: number;
  readonly mcusDown: number;
  readonly components: readonly Component[];
}

/** The big-endian number of two bytes. */
export const uint16 = (data: Uint8Array, index: number) => (at(data, index) << 8) | at(data, index + 1);

/** Height and width of a frame header. */
const sizeOf = (data: Uint8Array) => [uint16(data, 1), uint16(data, 3)] as const;

/** Pixels of a frame header. @throws Error for what is none */
export function pixelsOf(data: Uint8Array): number {
  if (data.length < 6) throw damaged('its frame header');
  const [height, width] = sizeOf(data);
  return height * width;
}

/** The header of a frame that has pixels (ITU-T T.81, B.2.2). @throws Error */
export function readFrame(data: Uint8Array, isProgressive: boolean): Frame {
  const count = at(data, 5);
  if (data.length !== 6 + 3 * count || count === 0 || count > 4) throw damaged('its frame header');
  const [height, width] = sizeOf(data);
  const sampled = Array.from({ length: count }, (_, i) => {
    const [id, factors] = [at(data, 6 + 3 * i), at(data, 7 + 3 * i)];
    return { id, across: factors >> 4, down: factors & 15 };
  });
  if (sampled.some(({ across, down }) => across < 1 || across > 4 || down < 1 || down > 4))
    throw damaged('its sampling factors');
  const most = (of: 'across' | 'down') => Math.max(...sampled.map((component) => component[of]));
  const [maxAcross, maxDown] = [most('across'), most('down')];
  const mcusAcross = Math.ceil(width / (8 * maxAcross));
  const mcusDown = Math.ceil(height / (8 * maxDown));
  const components = sampled.map((component) => {
    const stride = mcusAcross * component.across;
    const blocks = isProgressive ? stride * mcusDown * component.down : 0;
    return {
      ...component,
      blocksAcross: Math.ceil((width * component.across) / maxAcross / 8),
      blocksDown: Math.ceil((height * component.down) / maxDown / 8),
      stride,
      nonzero: new Uint8Array(8 * blocks),
      filled: new Uint8Array(blocks),
      known: new Int8Array(64).fill(-1),
    };
  });
  return { isProgressive, mcusAcross, mcusDown, components };
}
