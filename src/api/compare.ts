import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { buildEncoder, buildModel, type InputSize } from '../../exporters/assembly/build.js';
import { type DecoderId, standard } from '../../exporters/assembly/describe.js';
import { inputSizeOf, planExport } from '../../exporters/assembly/export-plan.js';
import { detectIn } from '../../exporters/assembly/network-weights.js';
import type { Backbone, Network } from '../../exporters/backbones/backbone.js';
import { BACKBONES, backboneOf } from '../../exporters/backbones/index.js';
import { openCheckpoint } from '../../exporters/checkpoints/open.js';
import type { KeySelection } from '../../exporters/checkpoints/select-keys.js';
import { SOLVER_IDS } from '../../exporters/decoders/solvers.js';
import { Weights, zeroWeights } from '../../exporters/nn/weights.js';
import { cost } from '../../graph/analysis/cost.js';
import { at } from '../../graph/common/at.js';
import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import type { Kinds } from '../../graph/common/option-kinds.js';
import * as kind from '../../graph/common/option-kinds.js';
import { pick } from '../../graph/common/pick.js';
import { encodedLength, encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import { optimize } from '../../graph/passes/optimize.js';
import type { Assumption } from '../../graph/recipe/assumption.js';
import { RELEASE_SIDE } from '../../graph/recipe/recipe.js';
import { inTemporaryFolder } from '../files/temporary-folder.js';
import { readBenchModels } from '../measuring/bench-model.js';
import type { Comparison, Figures } from '../measuring/comparison.js';
import { inProcesses, race } from '../measuring/race.js';
import { KEYS, WATCH, withOptions } from './option-kinds.js';
import { withStructure } from './structure/structure.js';

export interface CompareOptions extends KeySelection {
  /** Instead of `backbones`: a checkpoint; compares only its backbone. */
  readonly checkpoint?: string;
  /** For a checkpoint: as for `exportModel`. */
  readonly key?: string;
  /** The id of the hypothesis to assume, for a checkpoint of which only the structure is known. */
  readonly assume?: string;
  /** Inputs and outputs of such a checkpoint, which identify its structure. */
  readonly reference?: string;
  /** Backbones to compare. Default: all. */
  readonly backbones?: readonly string[];
  /** Base width, for backbones that have one. Default: as published; 64 for the U-Net, as in the release. */
  readonly width?: number;
  /** Default: 256 x 256; for volumes with a depth, as for `exportModel`. */
  readonly size?: { readonly depth?: number; readonly height: number; readonly width: number };
  /** Also measure latency on the CPU, alternating with the backbone's other decoders. */
  readonly time?: boolean;
  /** With `time`: measured runs of each. Default: 20. */
  readonly runs?: number;
  /** An HTML file to write, with plots. */
  readonly report?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

const KINDS: Kinds<CompareOptions> = {
  ...KEYS,
  ...WATCH,
  ...kind.each(['checkpoint', 'reference', 'report'], kind.PATH),
  ...{ assume: kind.TEXT, backbones: kind.TEXTS, time: kind.FLAG },
  ...{ width: kind.NUMBER, runs: kind.COUNT },
  size: kind.sizesOf(['depth'], ['height', 'width']),
};

const DEFAULT_RUNS = 20;

/** Wider networks do not fit the 2 GiB of an .onnx file. */
const MAX_WIDTH = 400;

/** The original first: the others are compared with it. */
const ORDER: readonly DecoderId[] = ['original', ...SOLVER_IDS];

/**
 * What each decoder costs on each backbone, or on that of a checkpoint, counted on the graphs that `exportModel` would write, and measured
 * if asked for.
 * @throws NmodeError (BAD_USAGE) for an unknown backbone, a width that none has, a size that the levels do not divide, runs that
 * are not timed; (CANNOT_WRITE); of a checkpoint what `exportModel` throws
 */
export async function compare(options: CompareOptions = {}): Promise<readonly Comparison[]> {
  return withOptions(options, KINDS, [], compared);
}

async function compared(options: CompareOptions): Promise<readonly Comparison[]> {
  const { time = false, runs, report, signal, onProgress } = options;
  if (runs !== undefined && !time) throw badUsage(`${option('runs', runs)} requires ${option('time')}`);
  // Before anything is timed: a size may fit the first and not the last.
  const encoders: Encoder[] = [];
  for (const { network, assumed } of await subjectsOf(options)) {
    await turn(signal);
    const size = sizeOf(network, options.size);
    const encoder = counted((weights) => buildEncoder(network, weights, size)).figures;
    encoders.push({ network, encoder, size, ...(assumed && { assumed }) });
  }
  const comparisons: Comparison[] = [];
  for (const [done, encoder] of encoders.entries()) {
    await turn(signal);
    if (time) onProgress?.(done, encoders.length);
    const contenders = contendersOf(encoder);
    const rows = time ? await timed(contenders, options) : contenders.map(({ comparison }) => comparison);
    comparisons.push(...rows);
  }
  if (time) onProgress?.(encoders.length, encoders.length);
  if (report !== undefined) {
    const { writeCompareReport } = await import('../reports/compare-report.js');
    // Images are all of one size, and volumes those of one checkpoint.
    const { batch: _, ...size } = at(encoders, 0).size;
    await writeCompareReport(report, comparisons, {
      size: Object.values(size).join(' x '),
      runs: runs ?? DEFAULT_RUNS,
    });
  }
  return comparisons;
}

/** Gives whoever aborts a turn: to count a wide network takes a while. @throws the signal's reason */
async function turn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}

/** A network, and what is assumed of it. */
interface Subject {
  readonly network: Network;
  readonly assumed?: readonly Assumption[];
}

const OF_CHECKPOINTS = ['key', 'prefix', 'ignore', 'assume', 'reference'] as const;

/** @throws NmodeError (BAD_CHECKPOINT, BAD_REFERENCE, BAD_USAGE, CHECK_FAILED) */
async function subjectsOf(options: CompareOptions): Promise<readonly Subject[]> {
  const { checkpoint: path, backbones, width, key, assume, reference } = options;
  if (path === undefined) {
    const unused = OF_CHECKPOINTS.find((name) => options[name] !== undefined);
    if (unused !== undefined) throw badUsage(`${option(unused)} requires a checkpoint`);
    return networksOf(options).map((network) => ({ network }));
  }
  if (backbones !== undefined || width !== undefined) {
    const said = option(backbones === undefined ? 'width' : 'backbones');
    throw badUsage(`${said} cannot be combined with a checkpoint, which says what its network is`);
  }
  const checkpoint = await openCheckpoint(path, key, pick(options, ['prefix', 'ignore']));
  try {
    const { plan } = await withStructure(checkpoint, planExport({}), { assume, reference, tolerance: {} });
    const { network } = detectIn(checkpoint, plan.backbone);
    if (reference !== undefined && plan.backbone === undefined) {
      throw badUsage(
        `${checkpoint.file}: ${option('reference')} does not apply: its keys are those of ${network.backbone}, and what is compared has no weights`,
      );
    }
    const assumed = reference === undefined ? plan.assumed : undefined;
    return [{ network, ...(assumed && { assumed }) }];
  } finally {
    checkpoint.close();
  }
}

const hasWidth = ({ ofWidth }: Backbone) => ofWidth !== undefined;

function networksOf({ backbones, width }: CompareOptions): readonly Network[] {
  const chosen = backbones ? [...new Set(backbones)].map((id) => backboneOf(id)) : BACKBONES;
  if (width === undefined) return chosen.map((backbone) => backbone.network(new Map()));
  if (!(Number.isSafeInteger(width) && width > 0 && width <= MAX_WIDTH)) {
    throw badUsage(`a width of ${width}, expected a whole number from 1 to ${MAX_WIDTH}`);
  }
  if (!chosen.some(hasWidth)) {
    const [fixed, free] = [chosen, BACKBONES.filter(hasWidth)].map((some) =>
      some.map(({ id }) => id).join(', '),
    );
    throw badUsage(`${option('width', width)} does not apply to ${fixed}: only to ${free}`);
  }
  return chosen.map((backbone) => backbone.ofWidth?.(width) ?? backbone.network(new Map()));
}

interface Encoder extends Subject {
  readonly size: InputSize;
  readonly encoder: Figures;
}

/** One image or volume of a size that is asked for, or else as usual. @throws NmodeError (BAD_USAGE) for a volume without a depth */
function sizeOf(network: Network, asked: CompareOptions['size']): InputSize {
  if (network.axes !== 3) return { batch: 1, height: RELEASE_SIDE, width: RELEASE_SIDE, ...asked };
  if (asked === undefined) return inputSizeOf({ graph: {}, images: {} }, network);
  if (asked.depth !== undefined) return { batch: 1, ...asked };
  throw badUsage(
    `a size of ${asked.height}x${asked.width}: ${network.backbone} takes volumes, ${option('size')} is their depth, height and width`,
  );
}

interface Contender {
  readonly comparison: Comparison;
  readonly model: Model;
}

function contendersOf({ network, encoder, size, assumed }: Encoder): readonly Contender[] {
  const built = ORDER.filter((id) => id !== 'original' || network.own !== undefined).map((decoder) => ({
    decoder,
    ...counted((weights) => buildModel(standard(network, decoder), weights, { size })),
  }));
  const whole = built.find(({ decoder }) => decoder === 'original')?.figures;
  return built.map(({ decoder, model, figures }) => {
    const saved = whole && {
      parameters: 1 - figures.parameters / whole.parameters,
      macs: 1 - figures.macs / whole.macs,
    };
    return {
      model,
      comparison: {
        ...{ backbone: network.backbone, decoder, ...figures, encoder, bytes: encodedLength(model) },
        ...(saved && { saved }),
        ...(assumed && { assumed }),
      },
    };
  });
}

function counted(build: (weights: Weights) => Model): { readonly model: Model; readonly figures: Figures } {
  const weights = Weights.from(zeroWeights);
  const model = build(weights);
  const { macs } = cost(model);
  if (macs === undefined) throw new TypeError('an operator has no cost');
  return { model, figures: { parameters: weights.parameters, macs } };
}

/** The decoders of one backbone beside each other. The weights are zeros, which take as long as others. */
async function timed(
  contenders: readonly Contender[],
  { runs = DEFAULT_RUNS, signal }: CompareOptions,
): Promise<readonly Comparison[]> {
  return inTemporaryFolder('nmode-compare', async (folder) => {
    const paths: string[] = [];
    for (const { comparison, model } of contenders) {
      const path = join(folder, `${comparison.decoder}.onnx`);
      await writeFile(path, encodeModel(optimize(model).model));
      paths.push(path);
    }
    const models = await readBenchModels(paths, {});
    const racing = { providers: [['cpu' as const]], session: { workers: 1 }, runs };
    return inProcesses(signal, async (start) => {
      const contestants = await race(models, racing, start);
      const first = at(contestants, 0);
      return contenders.map(({ comparison }, index) => {
        const { p50, ratioToFirst: ratio } = at(contestants, index).latency(first);
        return { ...comparison, latency: { p50, ratio } };
      });
    });
  });
}
