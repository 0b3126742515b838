import { at } from '../../../graph/common/at.js';
import { legible } from '../../nn/weights.js';
import { differencesOf, type Hypothesis } from './hypotheses.js';
import { IMAGE, type Stage } from './stage.js';

/** A hypothesis as text, a line for each convolution, indented by its level. */
export function drawingOf({ wiring, chosen }: Hypothesis): readonly string[] {
  const { stages } = wiring;
  let level = 0;
  return stages.map((stage, index) => {
    const before = stages[index - 1];
    if (before?.pooled !== undefined) level++;
    if (stage.transposed || stage.doubled) level = Math.max(0, level - 1);
    const joined = stage.skip === undefined ? '' : `, with ${skipName(stages, stage.skip)}`;
    const { shortcut, plus } = stage;
    const sums = [shortcut?.unit, plus === undefined ? undefined : at(stages, plus).unit];
    const added = sums.map((unit) => (unit === undefined ? '' : `, plus ${legible(unit.path)}`)).join('');
    const scaling = scalingOf(stage, before, chosen.choices.pooling);
    return `${'  '.repeat(level)}${legible(stage.unit.path)}: ${stage.input} -> ${stage.output}${joined}${added}${scaling}`;
  });
}

const skipName = (stages: readonly Stage[], skip: number): string =>
  skip === IMAGE ? 'the image' : legible(at(stages, skip).unit.path);

/** How a stage comes by its resolution. */
function scalingOf({ transposed, doubled }: Stage, before: Stage | undefined, pooling: string): string {
  if (transposed) return ' (transposed)';
  if (doubled) return ' (upsampled)';
  return before?.pooled === undefined ? '' : ` (${pooling} pooling)`;
}

/** The likeliest hypothesis, and what distinguishes it from those behind it, in a few lines. */
export function likeliestText(all: readonly Hypothesis[]): readonly string[] {
  const [first, second] = all;
  if (first === undefined) return [];
  const next = second === undefined ? [] : [`next: ${second.id}: ${differencesOf(first, second).join('; ')}`];
  return [
    `${first.id}, the likeliest of ${all.length}:`,
    ...drawingOf(first).map((line) => `  ${line}`),
    ...next,
  ];
}
