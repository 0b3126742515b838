import { basename, dirname } from 'node:path';
import { describeNmode } from '../../exporters/assembly/describe.js';
import { BLOCKS } from '../../exporters/decoders/block.js';
import type { NmodeDecoder } from '../../exporters/decoders/nmode.js';
import { publishedForm, SOLVER_IDS } from '../../exporters/decoders/solvers.js';
import { checkSettings, SETTING_NAMES, type Settings } from '../../exporters/nn/settings.js';
import { badUsage } from '../../graph/common/errors.js';
import { option } from '../../graph/common/option.js';
import { checkOptions } from '../../graph/common/option-kinds.js';
import { pick } from '../../graph/common/pick.js';
import { candidates } from '../../runtime/node/sessions/providers.js';
import type { SessionOptions } from '../../runtime/node/sessions/session.js';
import { checkReading, type TruthReading } from '../../runtime/truth/truth.js';
import { FITTING, GATES, SOLVER } from './defaults.js';
import { SLIM_KINDS } from './option-kinds.js';
import type { SlimOptions } from './slim-options.js';

/** What is asked for, checked and completed. */
export interface SlimPlan {
  readonly decoder: NmodeDecoder;
  readonly settings: Settings;
  readonly session: SessionOptions;
  readonly seed: number;
  readonly batch: number;
  readonly rate: number;
  readonly holdOut: number;
  /** Of each image that is trained on. */
  readonly views: number;
  readonly truthWeight: number;
  readonly reading: TruthReading;
  readonly gates: { readonly minAgreement: number; readonly maxDscDrop: number };
  /** Bytes that features may take in memory. */
  readonly budget: number;
  /** The folder of the output, where the features beyond them are, too. */
  readonly folder: string;
}

/** Bytes of features in memory. */
const DEFAULT_BUDGET = 250e6;

/**
 * @param classes of the network, once they are known
 * @throws NmodeError (BAD_USAGE) for options that make no sense
 */
export function planSlim(options: SlimOptions, classes = 1): SlimPlan {
  checkOptions(options, SLIM_KINDS, ['network', 'images', 'output']);
  checkEndings(options);
  candidates(options.providers ?? ['cpu'], options.strict ?? false);
  const { seed = 0, steps, minutes, holdOut = FITTING.holdOut, rate = FITTING.rate } = options;
  const { batch = FITTING.batch, truthWeight = FITTING.truthWeight, masks } = options;
  const { minAgreement = GATES.minAgreement, maxDscDrop = GATES.maxDscDrop } = options;
  if (steps !== undefined && minutes !== undefined) {
    throw badUsage(`${option('steps')} and ${option('minutes')} both say how long it trains: give one`);
  }
  const ofMasks = ['truthWeight', 'maxDscDrop', 'truthLabel', 'truthColour', 'ignoreLabel'] as const;
  const idle = masks === undefined ? ofMasks.find((name) => options[name] !== undefined) : undefined;
  if (idle !== undefined) throw badUsage(`${option(idle)} requires ${option('masks')}`);
  const reading = pick(options, ['truthLabel', 'truthColour', 'ignoreLabel']);
  checkReading(reading);
  return {
    decoder: decoderOf(options, classes),
    settings: checkSettings(pick(options, SETTING_NAMES)),
    // Images are prepared and batches read while onnxruntime computes: threads that spin would take the cores from that.
    session: { ...pick(options, ['threads', 'providers', 'strict']), spinning: false },
    ...{ seed, batch, rate, holdOut, truthWeight, reading, gates: { minAgreement, maxDscDrop } },
    views: options.augment === false ? 1 : FITTING.views,
    budget: options.memoryBudget ?? DEFAULT_BUDGET,
    folder: dirname(options.output),
  };
}

/** Files are told apart by their endings. */
const ENDINGS = [
  ['output', /\.onnx$/i, 'a model is an .onnx file'],
  ['saveWeights', /\.safetensors$/i, 'a state dict is a .safetensors file'],
  ['report', /\.html?$/i, 'a report is an .html file'],
] as const;

function checkEndings(options: SlimOptions): void {
  for (const [name, ending, expected] of ENDINGS) {
    const path = options[name];
    if (path !== undefined && !ending.test(path)) throw badUsage(`${path}: ${expected}`);
  }
}

/** A decoder beyond these is none that any encoder needs. */
const [MAX_KERNEL, MAX_CHANNELS] = [15, 512];

function decoderOf(options: SlimOptions, classes: number): NmodeDecoder {
  const { decoder = SOLVER, solverOptions } = options;
  const fits = (name: string, value: unknown, isFit: boolean, expected: string) => {
    if (!isFit) throw badUsage(`${option(name, String(value))}, expected ${expected}`);
  };
  const isWhole = (value: number, most: number) => Number.isSafeInteger(value) && value >= 1 && value <= most;
  fits('decoder', decoder, SOLVER_IDS.includes(decoder), SOLVER_IDS.join(' or '));
  const form = publishedForm(decoder);
  const { order = form.order, kernel = form.kernel, activation = form.activation } = options;
  const { stateChannels = form.stateChannels(classes) } = options;
  fits('order', order, Object.hasOwn(BLOCKS, order), Object.keys(BLOCKS).join(' or '));
  const isOdd = isWhole(kernel, MAX_KERNEL) && kernel % 2 === 1;
  fits('kernel', kernel, isOdd, `an odd number from 1 to ${MAX_KERNEL}`);
  const areWhole = isWhole(stateChannels, MAX_CHANNELS);
  fits('stateChannels', stateChannels, areWhole, `a whole number from 1 to ${MAX_CHANNELS}`);
  const hints = { decoder, activation, ...(solverOptions && { solverOptions }) };
  return describeNmode(basename(options.network), { order, kernel, stateChannels }, [decoder], hints);
}
