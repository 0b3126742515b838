import { recipeSummary } from '../../graph/recipe/recipe.js';
import { classesText } from '../../runtime/masks/classes.js';
import type { LoadProgress, Segmenter, Tiling, Timings } from '../web.js';
import { megabytes, milliseconds } from './elements.js';
import type { Model } from './engine.js';
import { modelText } from './examples.js';
import type { Painted } from './painting/painter.js';

type Entries = readonly (readonly [string, string])[];

const PROVIDERS = { webgpu: 'WebGPU', wasm: 'WebAssembly' } as const;

/** How far loading is: what is done, in words that are heard; how much of it, in others; and as a share where that is known. */
export function progressOf(progress: LoadProgress): { text: string; loaded?: string; share?: number } {
  switch (progress.kind) {
    case 'download': {
      const { file, loaded, total } = progress;
      const text = file === 'model' ? 'Downloading the model' : 'Downloading what runs it (onnxruntime)';
      return total === undefined
        ? { text, loaded: megabytes(loaded) }
        : { text, loaded: `${megabytes(loaded)} of ${megabytes(total)}`, share: loaded / total };
    }
    // Where it runs, and why not elsewhere, is told once it does.
    case 'try':
    case 'refuse':
    case 'open':
      return { text: 'Starting' };
    case 'ready':
      return { text: 'Ready' };
  }
}

/** What runs, on what, and what is assumed of it. */
export function aboutOf({ recipe, classes, semantics, assumed }: Segmenter, model: Model): Entries {
  return [
    ['model', modelText(model)],
    ['images', recipeSummary(recipe)],
    ...(classes > 1 ? [['classes', classesText(semantics, classes)] as const] : []),
    ...assumed.map(({ what, value }) => ['assumed', `${what} ${value}`] as const),
  ];
}

/** Where it runs, and why there. */
export function providerOf({ provider, threads }: Segmenter): Entries {
  const { effective, attempts, check } = provider;
  return [
    ['runs on', effective === 'wasm' ? modeOf(threads.threads) : PROVIDERS[effective]],
    ...attempts.map((attempt) => [`not ${PROVIDERS[attempt.provider]}`, attempt.error] as const),
    ...(check ? [['differs from CPU by', check.maxDifference.toExponential(1)] as const] : []),
  ];
}

function modeOf(threads: number): string {
  if (globalThis.crossOriginIsolated) return `WebAssembly, ${threads} thread${threads > 1 ? 's' : ''}`;
  return 'WebAssembly, 1 thread: the page is not cross-origin isolated';
}

/** What was found: of one class all figures, of several a line each. */
export function resultOf({ classes, pixels, truth }: Painted): Entries {
  const share = (area: number) => `${((100 * area) / pixels).toFixed(2)}\u00a0%`;
  const compared: Entries = truth === undefined ? [] : [['truth', truth]];
  const [only, ...others] = classes;
  if (only === undefined || others.length > 0) {
    const figures = classes.map(({ name, area, parts, metrics, agreement }) => {
      const texts = [
        `${share(area)}, ${parts} ${parts === 1 ? 'part' : 'parts'}`,
        ...(metrics ? [`DSC ${metrics.dsc.toFixed(4)}`] : []),
        ...(agreement === undefined ? [] : [`agreement ${agreement.toFixed(4)}`]),
      ];
      return [name, texts.join(', ')] as const;
    });
    return [...compared, ...figures];
  }
  const { area, parts, metrics, agreement } = only;
  return [
    ['area', `${area.toLocaleString('en')} pixels, ${share(area)}`],
    ['parts', String(parts)],
    ...(agreement === undefined ? [] : [['agreement', `DSC ${agreement.toFixed(4)}`] as const]),
    ...(metrics
      ? ([
          ...compared,
          ['mIoU', metrics.miou.toFixed(4)],
          ['DSC', metrics.dsc.toFixed(4)],
          ['accuracy', metrics.accuracy.toFixed(4)],
          ['sensitivity', metrics.sensitivity.toFixed(4)],
          ['specificity', metrics.specificity.toFixed(4)],
        ] as const)
      : []),
  ];
}

const STAGES = {
  decode: 'decode',
  preprocess: 'prepare',
  queue: 'wait for the worker',
  inference: 'run the network',
  postprocess: 'cut the mask',
  total: 'total',
} as const satisfies Record<keyof Timings, string>;

export function timingsOf(timings: Timings): Entries {
  const stages = Object.keys(STAGES) as (keyof Timings)[];
  return stages.map((stage) => [STAGES[stage], milliseconds(timings[stage])] as const);
}

/** How the image was cut, where it was. */
export function tilesOf(tiling: Tiling | undefined): Entries {
  if (tiling === undefined) return [];
  const { tiles, width, height, approximate } = tiling;
  const change =
    approximate === undefined ? '' : `; the mask may differ from that of the whole image: ${approximate}`;
  return [['tiles', `${tiles} of ${width} x ${height}${change}`]];
}

/** Chromium's. */
interface PagePerformance extends Performance {
  readonly memory?: { readonly usedJSHeapSize: number };
}

/** What the page's JavaScript holds, where the browser tells. */
export function memoryOf(): Entries {
  const { memory } = performance as PagePerformance;
  return memory === undefined ? [] : [['memory of the page', megabytes(memory.usedJSHeapSize)]];
}
