import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { check } from '../../graph/analysis/check.js';
import { cost } from '../../graph/analysis/cost.js';
import { NmodeError } from '../../graph/common/errors.js';
import { parseModel } from '../../graph/file/read.js';
import { decode, TensorProto } from '../../graph/file/schema.js';
import { readTensor } from '../../graph/file/tensor.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Model } from '../../graph/ir/model.js';
import { opsetOf } from '../../graph/ir/model.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import { decided } from '../../graph/lifting/branches.js';
import { lift } from '../../graph/lifting/lift.js';
import { optimize } from '../../graph/passes/optimize.js';

process.env.ORT_DISABLE_TELEMETRY ??= '1';
const onnxruntime = await import('onnxruntime-node');

/** The models that ONNX tests runtimes with, of Debian's package libonnx-testdata. */
const FOLDER = '/usr/share/libonnx-testdata/data';
const KINDS = ['node', 'simple', 'pytorch-operator', 'pytorch-converted'];
const files = existsSync(FOLDER)
  ? KINDS.flatMap((kind) => readdirSync(join(FOLDER, kind)).map((name) => join(FOLDER, kind, name))).filter(
      (folder) => existsSync(join(folder, 'model.onnx')),
    )
  : [];

const isMissing = files.length === 0;
if (isMissing && process.env.CI) throw new Error('libonnx-testdata is not installed');
const given = isMissing ? describe.skip : describe;

interface Case {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly model: Model;
  readonly folder: string;
}

/** Lifted and rewritten, or why not. */
function rewritten(model: Model): Model | string {
  try {
    return optimize(lift(decided(model).model, Math.max(13, opsetOf(model)))).model;
  } catch (error) {
    if (error instanceof NmodeError) return error.message;
    throw error;
  }
}

type Values = Readonly<Record<string, readonly (number | bigint | string | boolean)[]>>;

/** Undefined where onnxruntime does not run it, or its inputs are no tensors. */
async function run(bytes: Uint8Array, folder: string): Promise<Values | undefined> {
  const session = await onnxruntime.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  }).catch(() => undefined);
  if (session === undefined) return undefined;
  try {
    const feeds = Object.fromEntries(
      session.inputNames.map((name, index) => {
        const file = readFileSync(join(folder, 'test_data_set_0', `input_${index}.pb`));
        return [name, tensorOf(readTensor(decode(TensorProto, file)))];
      }),
    );
    const outputs = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data as Iterable<number>)]),
    );
  } catch {
    return undefined;
  } finally {
    await session.release();
  }
}

const ARRAYS = {
  ...{ float32: Float32Array, float64: Float64Array, float16: Uint16Array },
  ...{
    uint8: Uint8Array,
    int8: Int8Array,
    uint16: Uint16Array,
    int16: Int16Array,
    int32: Int32Array,
    uint32: Uint32Array,
  },
  ...{ int64: BigInt64Array, uint64: BigUint64Array, bool: Uint8Array },
} as const;

function tensorOf({ dtype, dims, bytes }: Tensor) {
  if (!(dtype in ARRAYS)) throw new TypeError(dtype);
  const { buffer } = Uint8Array.from(bytes());
  return new onnxruntime.Tensor(dtype as 'float32', new ARRAYS[dtype as 'float32'](buffer), dims);
}

/** Numbers to 1e-5 of the largest, all else exactly; NaN where NaN is. */
function differs(wanted: Values, found: Values): string | undefined {
  return Object.keys(wanted).find((name) => {
    const [a, b] = [wanted[name] ?? [], found[name] ?? []];
    const largest = a.reduce<number>(
      (most, value) =>
        typeof value === 'number' && Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most,
      0,
    );
    return (
      a.length !== b.length ||
      a.some((value, i) => {
        const other = b[i];
        if (Object.is(value, other) || value === other) return false;
        if (typeof value !== 'number' || typeof other !== 'number') return true;
        return !(Math.abs(value - other) <= 1e-5 * largest);
      })
    );
  });
}

/** A model whose tensors are their elements, however they were stored. */
const plain = (model: Model): unknown =>
  JSON.parse(
    JSON.stringify(model, (_, value) => {
      if (value instanceof Map) return [...value];
      if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
      if (typeof value?.bytes === 'function')
        return { ...value, bytes: Buffer.from(value.bytes()).toString('hex') };
      return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
    }),
  );

given("ONNX's own models", () => {
  const cases: Case[] = [];
  beforeAll(() => {
    for (const folder of files) {
      const bytes = readFileSync(join(folder, 'model.onnx'));
      cases.push({ name: folder.slice(FOLDER.length + 1), bytes, folder, model: parseModel(bytes, folder) });
    }
  });

  it('are read, checked, counted and written back as they were', () => {
    expect(cases.length).toBeGreaterThan(1000);
    for (const { name, model } of cases) {
      check(model);
      cost(model);
      expect(plain(parseModel(encodeModel(model), name))).toEqual(plain(model));
    }
  });

  it('give the same lifted and rewritten, but for few that are refused with a reason', async () => {
    const refused: string[] = [];
    const different: string[] = [];
    let compared = 0;
    for (const { name, bytes, model, folder } of cases) {
      const result = rewritten(model);
      if (typeof result === 'string') {
        refused.push(`${name}: ${result}`);
        continue;
      }
      check(result);
      const wanted = await run(bytes, folder);
      if (wanted === undefined) continue;
      const found = await run(encodeModel(result), folder);
      compared++;
      const output = found === undefined ? 'does not run' : differs(wanted, found);
      if (output !== undefined) different.push(`${name}: ${output}`);
    }
    console.info(
      `${cases.length} models, ${compared} compared, ${refused.length} refused\n${refused.join('\n')}`,
    );
    expect(different).toEqual([]);
    expect(refused.length).toBeLessThan(0.03 * cases.length);
    expect(compared).toBeGreaterThan(900);
  }, 300_000);
});
