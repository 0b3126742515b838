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

/** Height and width of a frame header. */
const sizeOf = (data: Uint8Array) =>
  [((data[1] ?? 0) << 8) | (data[2] ?? 0), ((data[3] ?? 0) << 8) | (data[4] ?? 0)] as const;

export function pixelsOf(data: Uint8Array): number {
  const [height, width] = sizeOf(data);
  return height * width;
}

/** The header of a frame (ITU-T T.81, B.2.2). @throws Error */
export function readFrame(data: Uint8Array, isProgressive: boolean): Frame {
  const count = data[5] ?? 0;
  if (data.length !== 6 + 3 * count || count === 0 || count > 4) throw damaged('its frame header');
  const [height, width] = sizeOf(data);
  const told = Array.from({ length: count }, (_, i) => {
    const [id = 0, factors = 0] = data.subarray(6 + 3 * i);
    return { id, across: factors >> 4, down: factors & 15 };
  });
  if (told.some(({ across, down }) => across < 1 || across > 4 || down < 1 || down > 4))
    throw damaged('its sampling factors');
  const most = (of: 'across' | 'down') => Math.max(...told.map((component) => component[of]));
  const [maxAcross, maxDown] = [most('across'), most('down')];
  const mcusAcross = Math.ceil(width / (8 * maxAcross));
  const mcusDown = Math.ceil(height / (8 * maxDown));
  const components = told.map((component) => {
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
