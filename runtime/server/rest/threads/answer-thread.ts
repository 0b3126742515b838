/** A thread that turns masks into what is sent: drawing and tracing a large one takes seconds, in which a server must answer others. */
import { at } from '../../../../graph/common/at.js';
import type { Mask } from '../../../common/raster.js';
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
  /** What the classes of the masks are called, where that is known. */
  readonly names: readonly (string | undefined)[];
  readonly components: readonly Components[];
  /** What else the answer holds. */
  readonly rest: object;
}

const methods = {
  /** Loads what writing PNGs takes, so that the first does not wait for it. */
  warmUp: async (): Promise<void> => void (await loadSharp()),
  /** A mask as PNG, or a label map with the colours of its classes. */
  png: (pixels: Parameters<typeof encodePng>): Promise<Uint8Array> => encodePng(...pixels),
  /** The image with the masks laid over it, as PNG. */
  overlay: (drawn: Parameters<typeof drawClasses>): Promise<Uint8Array> => encodePng(drawClasses(...drawn)),
  /** The bytes of JSON. */
  describe({ masks, maskLabels, names, components, rest }: Described): Uint8Array {
    const classes = masks.map((mask, index) => {
      const { area, count, largest } = at(components, index);
      const label = at(maskLabels, index);
      const outline = { contours: contoursOf(mask), rle: runLengthOf(mask) };
      return { label, name: names[index], area, parts: count, boxes: largest, ...outline };
    });
    return new TextEncoder().encode(JSON.stringify({ ...rest, classes }));
  },
};

export type AnswerMethods = typeof methods;

serve(methods);
