/** Nothing that was read is written over: neither what was named, nor what lay beside it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import proto from 'onnx-proto';
import { loadModel } from '../../../runtime/node/model.js';
import { exportModel, graft, optimizeModel } from '../../../src/index.js';
import { fixture } from '../../support/fixtures.js';
import { minimal } from '../../support/onnx-files.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-overwriting-'));
afterAll(() => rmSync(folder, { recursive: true }));
const copyOf = (...path: string[]) => {
  const copy = join(folder, ...path);
  cpSync(fixture(...path), copy, { recursive: true });
  return copy;
};

const TRAINED = ['nnunet', 'masks', 'colours', 'trained'];

it.each<[string[], string[]]>([
  [TRAINED, ['fold_0', 'checkpoint_final.pth']],
  [TRAINED, ['fold_1', 'checkpoint_final.pth']],
  [TRAINED, ['plans.json']],
  [TRAINED, ['dataset.json']],
  [
    ['monai', 'bundle'],
    ['configs', 'inference.json'],
  ],
  [
    ['monai', 'bundle'],
    ['models', 'model.pt'],
  ],
  [['smp', 'best'], ['config.json']],
  [['smp', 'best'], ['model.safetensors']],
])('an export of %p leaves %p as it is', async (path, file) => {
  const checkpoint = copyOf(...path);
  const output = join(checkpoint, ...file);
  const before = readFileSync(output);
  await expect(exportModel({ checkpoint, output })).rejects.toMatchObject({
    code: 'BAD_USAGE',
    message: expect.stringContaining(`${output}: the output would overwrite ${output}`),
  });
  expect(readFileSync(output).equals(before)).toBe(true);
});

it('a model leaves the weights as they are that it has in another file', async () => {
  const model = join(folder, 'outer.onnx');
  const output = join(folder, 'outer.weights');
  writeFileSync(output, Buffer.from(Float32Array.of(2, 3).buffer));
  writeFileSync(model, withWeightsIn('outer.weights'));
  expect((await loadModel(model)).sources).toEqual([model, output]);
  const refused = { code: 'BAD_USAGE', message: `${output}: the output would overwrite ${output}` };
  await expect(optimizeModel({ model, output })).rejects.toMatchObject(refused);
  const grafted = graft({ model, output, init: true, decoder: 'hd', skips: ['y'] });
  await expect(grafted).rejects.toMatchObject(refused);
  expect(readFileSync(output)).toHaveLength(8);
});

/** y = x + w, with w in a file beside the model. */
function withWeightsIn(location: string): Uint8Array {
  const port = (name: string) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 2 }] } } },
  });
  const w = {
    ...{ name: 'w', dims: [2], dataType: 1, dataLocation: 1 },
    externalData: [{ key: 'location', value: location }],
  };
  const graph = {
    node: [{ opType: 'Add', input: ['x', 'w'], output: ['y'] }],
    ...{ initializer: [w], input: [port('x')], output: [port('y')] },
  };
  return proto.onnx.ModelProto.encode({ ...minimal(), graph }).finish();
}
