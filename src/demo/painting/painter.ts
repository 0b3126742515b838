/** A worker that owns the canvas: it cuts masks and draws them, so that sliders never wait for pixels. */
import { at } from '../../../graph/common/at.js';
import { NmodeError } from '../../../graph/common/errors.js';
import type { Mask, Probabilities, RgbImage } from '../../../runtime/common/raster.js';
import { classColour, labelPalette } from '../../../runtime/images/class-colours.js';
import {
  type Classes,
  type ClassMasks,
  INDEPENDENT,
  labelsBehind,
  maskLabelsOf,
  masksOf,
  nameOfLabel,
  takesThreshold,
} from '../../../runtime/masks/classes.js';
import { type Components, componentsOf } from '../../../runtime/masks/components.js';
import { confusionOf, diceOf, type Metrics, metricsOf } from '../../../runtime/masks/metrics.js';
import { knownLabels, readingBesideBackground } from '../../../runtime/truth/known-labels.js';
import {
  checkReading,
  listed,
  type Search,
  type TruthReading,
  truthOf,
  truthOfLabels,
} from '../../../runtime/truth/truth.js';
import { type TruthMask, truthAt } from '../../../runtime/truth/truth-at.js';
import type { TruthImage } from '../../../runtime/truth/truth-image.js';
import { encodePng } from '../../../runtime/web/images/png.js';
import { readTruthImage } from '../../../runtime/web/images/read-source.js';
import { serve } from '../../../runtime/web/threads/serve.js';
import { drawView, fitScreen, type View } from './drawing.js';
import { Screen } from './screen.js';

export type { View } from './drawing.js';

/** What the sliders and boxes say. */
export interface Look {
  readonly view: View;
  /** The class that is shown, by its label; all of several where it is none. */
  readonly label: number | undefined;
  /** 0..1. */
  readonly threshold: number;
  /** 0..1. */
  readonly opacity: number;
  readonly fillHoles: boolean;
  readonly largestComponent: boolean;
  /** The image as it is stands to the left of the divider, unless there is a second model. */
  readonly isBeforeAndAfter: boolean;
  /** More of its pixels are drawn. */
  readonly isZoomed: boolean;
}

/** Sides that no image is drawn larger than: as much as a screen shows, and as phones have memory for. */
const [WHOLE, ZOOMED] = [1600, 3200];

/** A class that is shown. */
export interface PaintedClass {
  readonly label: number;
  readonly name: string;
  /** Pixels inside the mask. */
  readonly area: number;
  readonly parts: Components['count'];
  /** Against the truth, where one was given. */
  readonly metrics?: Metrics;
  /** DSC with the mask of the second model, where there is one. */
  readonly agreement?: number;
}

export interface Painted {
  /** Of the image. */
  readonly pixels: number;
  readonly classes: readonly PaintedClass[];
  /** The name of the truth, where one was given. */
  readonly truth?: string;
}

/** The fields of the page that say how truth is read. */
const FIELDS = {
  label: 'its label under "Foreground in truth"',
  colour: 'its R,G,B under "Foreground in truth"',
  ignore: 'a label under "Ignored in truth"',
};

/** What a network made of an image. */
export interface NetworkAnswer {
  readonly probabilities: Probabilities;
  readonly classes: Classes;
}

/** What is true of some classes, by their labels. */
interface Truths {
  readonly name: string;
  readonly masks: ReadonlyMap<number, TruthMask>;
}

const screen = new Screen();
let probabilities: Probabilities | undefined;
let classes: Classes = INDEPENDENT;
/** Of the second model. */
let second: NetworkAnswer | undefined;
/** The image as it is drawn, and once it is zoomed. */
let shown: Record<'whole' | 'zoomed', RgbImage> | undefined;
let truth: Truths | undefined;
/** What the last painting showed. */
let found: (ClassMasks & { readonly label: number | undefined }) | undefined;
/** How often a truth was given. */
let given = 0;

/** The masks of an answer, and how those that a look is of are drawn. */
function layersOf(answer: NetworkAnswer, look: Look) {
  const threshold = takesThreshold(answer.classes, answer.probabilities.classes) ? look.threshold : undefined;
  const cut = masksOf(answer.probabilities, answer.classes, threshold, look);
  const layers = cut.masks.map((mask, index) => ({
    ...{ mask, colour: classColour(index) },
    label: at(cut.maskLabels, index),
  }));
  return { cut, layers: layers.filter(({ label }) => look.label === undefined || label === look.label) };
}

/** Of many classes an image holds few. */
const isThere = ({ mask }: { readonly mask: Mask }) => mask.data.some((value) => value !== 0);

function painted(mask: Mask, label: number, count: number, other: Mask | undefined): PaintedClass {
  const { area, count: parts } = componentsOf(mask);
  const known = truth?.masks.get(label);
  return {
    ...{ label, area, parts },
    name: nameOfLabel(classes, count, label) ?? `class ${label}`,
    ...(known && { metrics: metricsOf(confusionOf(mask, known.mask, known.counted)) }),
    ...(other && { agreement: diceOf(confusionOf(other, mask)) }),
  };
}

/** Truth of several classes is a label map, unless the reading says which pixels are those of the class that is shown. */
function truthsOf(
  stored: TruthImage,
  name: string,
  reading: TruthReading,
  { classes: count, width, height }: Probabilities,
): { readonly masks: Truths['masks']; readonly search: Search | undefined } {
  const labels = maskLabelsOf(classes, count);
  const only = labels.length === 1 ? at(labels, 0) : found?.label;
  const { truthLabel, truthColour, ignoreLabel } = reading;
  if (labels.length === 1 || truthLabel !== undefined || truthColour !== undefined) {
    if (only === undefined) {
      throw new NmodeError(
        'BAD_USAGE',
        `${name}: choose the class whose foreground the truth is, or clear that field`,
      );
    }
    const read = truthOf(stored, name, readingBesideBackground(stored, classes, count, reading), FIELDS);
    return { masks: new Map([[only, truthAt(read, width, height)]]), search: read.search };
  }
  const map = knownLabels(
    stored,
    name,
    classes,
    count,
    ignoreLabel,
    (label) => `${label} under "Ignored in truth"`,
  );
  const masks = labels.map(
    (label) =>
      [label, truthAt(truthOfLabels(map, labelsBehind(classes, label), ignoreLabel), width, height)] as const,
  );
  return { masks: new Map(masks), search: undefined };
}

const methods = {
  use(given: OffscreenCanvas): void {
    screen.use(given);
  },
  /** Takes what a network made of an image. The truth of another image, and what another network made of it, are forgotten. */
  take(segmented: NetworkAnswer & { image: RgbImage }): void {
    probabilities = segmented.probabilities;
    classes = segmented.classes;
    const zoomed = fitScreen(segmented.image, ZOOMED);
    shown = { whole: fitScreen(zoomed, WHOLE), zoomed };
    truth = undefined;
    second = undefined;
  },
  /**
   * Takes what a second network made of the same image; nothing, to show the first alone.
   * @throws NmodeError (BAD_MODEL) for masks of other classes
   */
  beside(given: (NetworkAnswer & { readonly name: string }) | undefined): void {
    second = undefined;
    if (given === undefined || probabilities === undefined) return;
    const labels = (answer: NetworkAnswer): string =>
      listed(maskLabelsOf(answer.classes, answer.probabilities.classes).map(String));
    const [own, others] = [labels({ probabilities, classes }), labels(given)];
    if (own !== others) {
      throw new NmodeError(
        'BAD_MODEL',
        `${given.name}: its masks are of the labels ${others}, those of the first model of ${own}: choose a model of the same classes`,
      );
    }
    second = given;
  },
  /** Moves the divider between what is shown. @param share of the width that the left has, from 0 to 1 */
  divide(share: number): void {
    screen.divide(share);
  },
  paint(wanted: Look): Painted {
    if (shown === undefined || probabilities === undefined) throw new TypeError('there is no image');
    const image = shown[wanted.isZoomed ? 'zoomed' : 'whole'];
    const { classes: count } = probabilities;
    const { cut, layers } = layersOf({ probabilities, classes }, wanted);
    found = { ...cut, label: wanted.label };
    const others = second && layersOf(second, wanted).layers;
    const view = (visible: typeof layers) =>
      drawView(image, visible.filter(isThere), { ...wanted, isAlone: visible.length === 1 });
    const own = view(layers);
    if (others) screen.show(own, view(others));
    else if (wanted.isBeforeAndAfter) screen.show(image, own);
    else screen.show(own);
    return {
      pixels: probabilities.width * probabilities.height,
      classes: layers.map(({ mask, label }, index) => painted(mask, label, count, others?.[index]?.mask)),
      ...(truth && { truth: truth.name }),
    };
  },
  /**
   * Takes ground truth of the image, in the place of one that was given before.
   * @returns what is to be said of it
   * @throws NmodeError (BAD_IMAGE, BAD_USAGE)
   */
  async compare({ file, reading }: { file: File; reading: TruthReading }): Promise<string> {
    const [of, turn] = [probabilities, ++given];
    truth = undefined;
    checkReading(reading);
    const stored = await readTruthImage(file);
    // Meanwhile another image, or another truth, may have come.
    if (of === undefined || of !== probabilities || turn !== given) return '';
    const { width, height } = of;
    if (stored.width !== width || stored.height !== height) {
      const swapped = stored.width === height && stored.height === width;
      const advice = swapped ? ', one of the two is turned: save the mask as the image is shown' : '';
      throw new NmodeError(
        'BAD_IMAGE',
        `${file.name}: it has ${stored.width}x${stored.height} pixels, the image ${width}x${height}${advice}`,
      );
    }
    const { masks, search } = truthsOf(stored, file.name, reading, of);
    truth = { name: file.name, masks };
    const missing = [
      ...(search?.foreground === false ? ['foreground'] : []),
      ...(search?.ignored === false && reading.ignoreLabel !== undefined ? ['ignored'] : []),
    ];
    if (search === undefined || missing.length === 0) return '';
    return `${file.name}: it has nothing that is ${missing.join(' or ')}: it holds ${listed(search.found)}`;
  },
  /** What the last painting showed, in its full size, and what the end of its name is: a mask, or of several classes the label map. */
  async png(): Promise<{ readonly png: Blob; readonly end: string }> {
    if (found === undefined) throw new TypeError('there is no mask');
    const { masks, maskLabels, labels, label } = found;
    if (label === undefined && labels !== undefined && masks.length > 1) {
      return { png: await encodePng(labels, labelPalette(maskLabels)), end: 'labels' };
    }
    const index = label === undefined ? 0 : maskLabels.indexOf(label);
    return { png: await encodePng(at(masks, index)), end: masks.length > 1 ? `mask_${label}` : 'mask' };
  },
};

export type PainterMethods = typeof methods;

serve(methods);
