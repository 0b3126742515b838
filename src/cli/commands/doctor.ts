import type { Command } from 'commander';
import type { Diagnosis, ProviderDiagnosis } from '../../api/doctor.js';
import { fields, placementTexts, printReport } from '../output/print.js';
import { withClock } from '../output/progress.js';

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('show which providers this machine can run, and what is missing')
    .argument('[model.onnx]', 'a model to test the providers with (default: a small network)')
    .option('--json', 'print one JSON document')
    .action(async (model: string | undefined, { json }: { json?: true }) => {
      const { doctor } = await import('../../api/doctor.js');
      printReport<'doctor'>(
        await withClock('trying every provider', (signal) => doctor(model, { signal })),
        json,
        diagnosisText,
      );
    });
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

function diagnosisText(diagnosis: Diagnosis): string {
  const { cores, memory } = diagnosis;
  const versions = Object.entries(diagnosis.versions).map((entry) => entry.join(' '));
  const limited = (limit: number | undefined, text: (value: number) => string) =>
    limit === undefined ? '' : `, limited to ${text(limit)} by its control group`;
  return fields([
    ['versions', versions.join(', ')],
    ['platform', `${diagnosis.platform}, ${diagnosis.cpu}`],
    ['features', diagnosis.cpuFeatures?.join(' ')],
    ['cores', `${cores.usable} usable of ${cores.machine}${limited(cores.limit, String)}`],
    [
      'memory',
      `${gigabytes(memory.usable)} usable, ${gigabytes(memory.free)} free${limited(memory.limit, gigabytes)}`,
    ],
    ['tried with', diagnosis.model],
    ...diagnosis.providers.map((entry) => [entry.provider, providerText(entry)] as const),
  ]);
}

function providerText({ works, problem, remedy, check, placement }: ProviderDiagnosis): string {
  if (!works) return `no: ${problem}${remedy === undefined ? '' : `; ${remedy}`}`;
  const parts = [
    ...placementTexts(placement ?? {}),
    ...(check
      ? [
          `differs from the CPU by ${check.maxDifference.toExponential(1)} (${check.tolerance} is allowed)`,
          `${check.milliseconds.toFixed(1)} ms against the CPU's ${check.cpuMilliseconds.toFixed(1)} ms`,
        ]
      : []),
  ];
  return `works: ${parts.join(', ')}`;
}
