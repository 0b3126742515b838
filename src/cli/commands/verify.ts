import type { Command } from 'commander';
import { NmodeError } from '../../../graph/common/errors.js';
import type { Verification, VerifyOptions } from '../../api/verify.js';
import { DEFAULT_TOLERANCE } from '../../parity/parity.js';
import { count } from '../../reports/figures.js';
import { parseTolerance } from '../flags/arguments.js';
import type { InFlags } from '../flags/flag-words.js';
import { type FlagsOf, optionsOf } from '../flags/options.js';
import { addSessionFlags } from '../flags/run-flags.js';
import { assumedLine } from '../output/fields.js';
import { noteFallback } from '../output/notes.js';
import { paragraph, printReport, table } from '../output/print.js';
import { withClock } from '../output/progress.js';

export function addVerify(program: Command, inFlags: InFlags): void {
  const command = program
    .command('verify')
    .description('compare a model with reference outputs; exits with 1 if they differ')
    .argument('<model.onnx>', 'the model')
    .requiredOption(
      '--reference <file>',
      'inputs and expected outputs, .safetensors or .npz: tensors named as those of the model, or one input (input) and its output (output)',
    )
    .option(
      '--atol <tolerance>',
      'absolute tolerance (default: 1e-5 on the CPU, more on other providers)',
      parseTolerance,
    )
    .option(
      '--rtol <tolerance>',
      'relative tolerance, added to --atol',
      parseTolerance,
      DEFAULT_TOLERANCE.rtol,
    )
    .option('--json', 'print one JSON document');
  addSessionFlags(command).action(async (model: string, flags: FlagsOf<VerifyOptions, 'model'>) => {
    const { verify } = await import('../../api/verify.js');
    const options = { ...optionsOf(flags), reference: flags.reference, model };
    const found = await withClock('comparing', () => verify(options));
    const parity = { ...found, hints: await Promise.all(found.hints.map(inFlags)) };
    printReport<'verify'>(parity, flags.json, parityText);
    noteFallback(parity.provider);
    if (!parity.pass) {
      throw new NmodeError('CHECK_FAILED', [`${model}: beyond the tolerance`, ...parity.hints].join('; '));
    }
  });
}

/** The least share that four decimals of a per cent show. */
const LEAST_SHARE = 1e-6;

/** What is above 0 must not look like it. */
function shareText(share: number | undefined): string {
  if (share === undefined) return '-';
  if (share > 0 && share < LEAST_SHARE) return `< ${LEAST_SHARE * 100} %`;
  return `${(share * 100).toFixed(share === 0 ? 0 : 4)} %`;
}

/** 1e-5, and what is added to it. */
function toleranceText({ atol, rtol, scaled }: Verification): string {
  const absolute = `${atol === 0 ? atol : atol.toExponential()}${scaled ? ' of the largest' : ''}`;
  return rtol === 0 ? absolute : `${absolute} + ${rtol.toExponential()} |reference|`;
}

function parityText(parity: Verification): string {
  const rows = Object.entries(parity.outputs).map(([name, output]) => [
    name,
    output.pass ? 'pass' : 'MISS',
    ...[output.maxAbs, output.meanAbs, output.maxRel, output.meanRel].map((value) => value.toExponential(2)),
    `${output.worst.found.toPrecision(6)} for ${output.worst.expected.toPrecision(6)} at [${output.worst.index.join(', ')}]`,
    shareText(output.maskDisagreement),
    `${count(output.missed)} of ${count(output.elements)}`,
  ]);
  const differences = ['max abs', 'mean abs', 'max rel', 'mean rel'];
  const header = ['output', '', ...differences, 'worst', 'mask differs', 'beyond'];
  const judged = paragraph(`tolerance: ${toleranceText(parity)}; ran on ${parity.provider.effective}`);
  const notes = parity.notes.map((note) => paragraph(`note: ${note}`));
  return [table(header, rows), judged, ...notes, assumedLine(parity.assumed)]
    .filter((part) => part !== '')
    .join('\n');
}
