import { option } from '../../graph/common/option.js';
import type { MaskFigures } from './slim-report.js';

/** What a student has to be. */
export interface Gates {
  /** Mean over images of the DSC of its masks with the teacher's. */
  readonly minAgreement: number;
  /** By which its DSC against ground truth may be below the teacher's. */
  readonly maxDscDrop: number;
}

/** Why a student is not good enough; undefined where it is. */
export function shortfall(
  student: MaskFigures,
  teacher: MaskFigures,
  { minAgreement, maxDscDrop }: Gates,
): string | undefined {
  const { agreement, truth } = student;
  if (agreement !== undefined && agreement.mean < minAgreement) {
    const found =
      agreement.mean === 0
        ? "the student's masks are empty, or nowhere overlap those of its teacher"
        : `the student agrees with its teacher to a DSC of ${agreement.mean.toFixed(4)}`;
    return `${found}, where ${option('minAgreement', minAgreement)} is asked for`;
  }
  if (truth === undefined || teacher.truth === undefined) return undefined;
  const drop = teacher.truth.dsc - truth.dsc;
  if (drop <= maxDscDrop) return undefined;
  return `the student's DSC against ground truth is ${truth.dsc.toFixed(4)}, ${drop.toFixed(4)} below its teacher's, where ${option('maxDscDrop', maxDscDrop)} is allowed`;
}
