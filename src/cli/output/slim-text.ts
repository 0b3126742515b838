import { recipeSummary } from '../../../graph/common/recipe.js';
import { bytesText, count, macsText, share } from '../../reports/figures.js';
import type { Column } from '../../reports/html.js';
import type { ModelFigures, SlimReport } from '../../slimming/slim-report.js';
import { assumedField } from './assumed-field.js';
import { fields, table } from './print.js';

const FIGURES: readonly Column<ModelFigures>[] = [
  ['parameters', ({ parameters }) => count(parameters)],
  ['multiply-adds', ({ macs }) => (macs === undefined ? undefined : macsText(macs))],
  ['file', ({ bytes }) => bytesText(bytes)],
  ['latency', ({ milliseconds }) => `${milliseconds.toFixed(1)} ms`],
  ['agreement', ({ agreement }) => agreement && share(agreement.mean)],
  ['median', ({ agreement }) => agreement && share(agreement.median)],
  ['worst', ({ agreement }) => agreement && share(agreement.worst)],
];

const TRUTH: readonly Column<ModelFigures>[] = [['DSC with truth', ({ truth }) => truth && share(truth.dsc)]];

/** Teacher and student side by side, with a line for each figure. */
function slimTable({
  teacher,
  student,
  teacherInt8,
}: Pick<SlimReport, 'teacher' | 'student' | 'teacherInt8'>): string {
  const models = [teacher, student, ...(teacherInt8 ? [teacherInt8] : [])];
  const figures = [...FIGURES, ...(student.truth ? TRUTH : [])];
  return table(
    ['', 'teacher', 'student', ...(teacherInt8 ? ['teacher, int8'] : [])],
    figures.map(([name, text]) => [name, ...models.map((model) => text(model) ?? '-')]),
  );
}

export function slimText(report: SlimReport): string {
  const { images, heldOut, failures } = report;
  const { train, heldOut: held, test } = images;
  return `${fields([
    ['teacher', report.network],
    ['frozen', report.encoder],
    ['fitted', `${report.decoder} decoder, ${count(report.fitted)} parameters`],
    ['images', `${train} training, ${held} held out, ${test} test (the figures below)`],
    ['recipe', recipeSummary(report.recipe)],
    assumedField(report.assumed.filter(({ verified }) => !verified)),
    ['training', `${report.steps} steps, seed ${report.seed}; weights of step ${report.bestStep}`],
    [
      'held out',
      heldOut.agreement &&
        `agreement ${share(heldOut.agreement.mean)} on the images that selected the weights, which is optimistic`,
    ],
    ...report.notes.map((note) => ['note', note] as const),
    ...failures.map(({ error }) => ['skipped', error] as const),
    ['written', `${report.output}: ${bytesText(report.student.bytes)}`],
  ])}\n\n${slimTable(report)}`;
}
