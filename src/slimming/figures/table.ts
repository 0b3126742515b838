import { bytesText, count, macsText, share } from '../../reports/figures.js';
import type { Column } from '../../reports/html.js';
import { fittingTable } from '../../reports/width.js';
import type { ModelFigures, SlimReport } from '../slim-report.js';

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

/** Teacher and student side by side, with a line for each figure. @param width that the lines fit into */
export function slimTable(
  { teacher, student, teacherInt8 }: Pick<SlimReport, 'teacher' | 'student' | 'teacherInt8'>,
  width = Number.POSITIVE_INFINITY,
): string {
  const figures = [...FIGURES, ...(student.truth ? TRUTH : [])];
  const column = (title: string, model: ModelFigures) => [
    title,
    ...figures.map(([, text]) => text(model) ?? '-'),
  ];
  const columns = [
    ['', ...figures.map(([name]) => name)],
    column('teacher', teacher),
    column('student', student),
    ...(teacherInt8 ? [column('teacher, int8', teacherInt8)] : []),
  ];
  return fittingTable(columns, width);
}
