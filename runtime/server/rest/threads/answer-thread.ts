/** A thread that turns masks into what is sent: drawing and tracing a large one takes seconds, in which a server must answer others. */
import { at } from '../../../../graph/common/at.js';
import type { Mask, RgbImage } from '../../../common/raster.js';
import { drawClasses } from '../../../images/draw.js';
import type { Components } from '../../../masks/components.js';
import { contoursOf } from '../../../masks/contours.js';
import { runLengthOf } from '../../../masks/run-length.js';
import { encodePng } from '../../../node/images/files.js';
import { loadSharp } from '../../../node/images/sharp.js';
import { serve } from '../../../node/threads/serve.js';

interface Described {
  readonly masks: readonly Mask[];
  readonly maskLabels: readonly number[];
  readonly components: readonly Components[];
  /** What else the answer holds. */
  readonly rest: object;
}

const methods = {
  /** Loads what writing PNGs takes, so that the first does not wait for it. */
  warmUp: async (): Promise<void> => void (await loadSharp()),
  /** The mask as PNG. */
  mask: (mask: Mask): Promise<Uint8Array> => encodePng(mask),
  /** The image with the masks laid over it, as PNG. */
  overlay: ({ image, masks }: { image: RgbImage; masks: readonly Mask[] }): Promise<Uint8Array> =>
    encodePng(drawClasses(image, masks)),
  /** The bytes of JSON. */
  describe({ masks, maskLabels, components, rest }: Described): Uint8Array {
    const classes = masks.map((mask, index) => {
      const { area, count, largest } = at(components, index);
      const label = at(maskLabels, index);
      const outline = { contours: contoursOf(mask), rle: runLengthOf(mask) };
      return { label, area, parts: count, boxes: largest, ...outline };
    });
    return new TextEncoder().encode(JSON.stringify({ ...rest, classes }));
  },
};

export type AnswerMethods = typeof methods;

serve(methods);
