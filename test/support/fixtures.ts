import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { DecoderId } from '../../exporters/assembly/describe.js';
import { exportCheckpoint } from '../../exporters/assembly/export-model.js';
import { type ExportOptions, planExport } from '../../exporters/assembly/export-plan.js';
import { openCheckpoint, readReference } from '../../exporters/checkpoints/open.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { optimize } from '../../graph/passes/optimize.js';
import type { GraphOptimization } from '../../runtime/node/sessions/native.js';
import { createSession } from '../../runtime/node/sessions/session.js';
import { type OutputParity, verifySession } from '../../src/parity/parity.js';

/** From here and from the build, which are not equally deep. */
export const root = dirname(createRequire(import.meta.url).resolve('nmode-onnx/package.json'));

/** The folder of the interface files that are served over gRPC. */
export const protos = join(root, 'runtime/server/grpc/protos');

export function fixture(...path: string[]): string {
  return join(root, 'fixtures', ...path);
}

/** One line of fixtures/cases/cases.json. */
export interface Case {
  readonly name: string;
  readonly checkpoint: string;
  readonly io: string;
  readonly input: string;
  readonly output: string;
  readonly decoder: DecoderId;
  readonly order: string | null;
  readonly activation: 'gelu' | 'relu' | 'tanh' | null;
  readonly lmdForm?: 'release' | 'paper';
  readonly kernel: number | null;
  readonly stateChannels: number | null;
  readonly classes: number;
  readonly widths: readonly number[];
  readonly transposed: boolean;
}

export const cases: readonly Case[] = JSON.parse(readFileSync(fixture('cases', 'cases.json'), 'utf8'));

/** Networks that the release's own modules computed. */
export const releaseCases: readonly Case[] = JSON.parse(
  readFileSync(fixture('release', 'cases.json'), 'utf8'),
);

/** The input and the output of a case, under the names of an exported model. */
export async function referenceOf({ io, input, output }: Case): Promise<ReadonlyMap<string, Tensor>> {
  const tensors = await readReference(fixture('cases', io));
  const [from, to] = [tensors.get(input), tensors.get(output)];
  if (from === undefined || to === undefined) throw new Error(`${io} holds no ${input} or ${output}`);
  return new Map([
    ['input', from],
    ['mask', to],
  ]);
}

/** What a checkpoint of a case cannot tell. */
export function toldBy({
  decoder,
  activation,
  lmdForm,
  classes,
}: Pick<Case, 'decoder' | 'activation' | 'lmdForm' | 'classes'>): Omit<ExportOptions, 'size'> {
  return {
    decoder,
    ...(activation && { activation }),
    ...(lmdForm && { solverOptions: { form: lmdForm } }),
    // The release's networks end in one, whatever the number of classes.
    ...(classes > 1 && { head: 'sigmoid' }),
  };
}

/** All that an export gives, before it is rewritten, and its bytes. */
export async function exportOf(path: string, options: ExportOptions = {}) {
  const checkpoint = await openCheckpoint(path);
  try {
    const exported = exportCheckpoint(checkpoint, planExport(options));
    return { ...exported, bytes: encodeModel(exported.model) };
  } finally {
    checkpoint.close();
  }
}

/** The bytes of a checkpoint's .onnx file. */
export async function exported(path: string, options: ExportOptions): Promise<Uint8Array> {
  const checkpoint = await openCheckpoint(path);
  try {
    return encodeModel(optimize(exportCheckpoint(checkpoint, planExport(options)).model).model);
  } finally {
    checkpoint.close();
  }
}

/** How a model's mask compares with the reference. */
export async function parityOf(
  model: Uint8Array,
  reference: ReadonlyMap<string, Tensor>,
  graphOptimization: GraphOptimization,
): Promise<OutputParity | undefined> {
  const [parity] = await paritiesOf(model, [reference], graphOptimization);
  return parity;
}

/** How a model's masks compare with several references; it is loaded once. */
export async function paritiesOf(
  model: Uint8Array,
  references: readonly ReadonlyMap<string, Tensor>[],
  graphOptimization: GraphOptimization,
): Promise<readonly (OutputParity | undefined)[]> {
  await using session = await createSession(model, { graphOptimization });
  const parities: (OutputParity | undefined)[] = [];
  for (const reference of references) {
    parities.push((await verifySession(session, reference)).outputs.mask);
  }
  return parities;
}
