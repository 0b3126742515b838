import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createSession } from '../../../../runtime/node/sessions/session.js';
import { exported, protos, root } from '../../../support/fixtures.js';
import { clientOf } from '../../../support/grpc-client.js';
import { main } from '../../../support/nmode.js';
import { blob, input, SIDE, told, trained } from '../../../support/served.js';

const PYTHON = '/usr/bin/python3';
const PLUGIN = '/usr/bin/grpc_python_plugin';
const folder = mkdtempSync(join(tmpdir(), 'nmode-grpc-python-'));
const file = (name: string) => join(folder, name);

const isThere =
  spawnSync(PYTHON, ['-c', 'import grpc']).status === 0 &&
  spawnSync(PLUGIN, { input: '' }).error === undefined;
if (!isThere) {
  const needed =
    "the Python client is not tested: it needs Debian's python3-grpcio and protobuf-compiler-grpc";
  if (process.env.CI) throw new Error(needed);
  process.stderr.write(`${needed}\n`);
}
const itWhereThere = isThere ? it : it.skip;

let server: ChildProcess;
let address = '';

beforeAll(async () => {
  const size = { batch: 1, height: SIDE, width: SIDE };
  writeFileSync(file('model.onnx'), await exported(trained, { ...told, size }));
  writeFileSync(file('open.onnx'), await exported(trained, { ...told, size: {} }));
  const models = [file('model.onnx'), file('open.onnx')];
  const flags = [
    '--port',
    '0',
    '--grpc-port',
    '0',
    '--max-body-mb',
    '2',
    '--workers',
    '1',
    '--deadline-ms',
    '60000',
    '--drain-ms',
    '60000',
    '--quiet',
  ];
  server = spawn(process.execPath, [main, 'serve', ...models, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(server.stdout as NonNullable<ChildProcess['stdout']>)) {
    address ||= /^gRPC at (\S+)$/.exec(line)?.[1] ?? '';
    if (line.startsWith('Serving at')) break;
  }
});
afterAll(() => {
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

itWhereThere(
  'a client of Python, of stubs made from the interface files, gets what the Node API gives',
  async () => {
    // The folder of the health check would hide Python's package of that name.
    copyFileSync(join(protos, 'grpc/health/v1/health.proto'), file('health.proto'));
    mkdirSync(file('stubs'));
    const out = file('stubs');
    const made = [
      `--python_out=${out}`,
      `--grpc_python_out=${out}`,
      `--plugin=protoc-gen-grpc_python=${PLUGIN}`,
    ];
    execFileSync('protoc', ['-I', protos, ...made, 'model_config.proto', 'grpc_service.proto']);
    execFileSync('protoc', ['-I', folder, `--python_out=${out}`, 'health.proto']);
    writeFileSync(file('input'), blob);
    const script = join(root, 'test/support/grpc_client.py');
    const args = [script, file('stubs'), address, file('input'), file('output')];
    expect(JSON.parse(execFileSync(PYTHON, args, { encoding: 'utf8' }))).toEqual({
      health: 'SERVING',
      ready: true,
      inputs: [['input', 'FP32', [1, 3, SIDE, SIDE]]],
      typed: true,
      unknown: 'NOT_FOUND',
      wrong: 'INVALID_ARGUMENT',
      large: 'RESOURCE_EXHAUSTED',
      late: 'DEADLINE_EXCEEDED',
      stream: 'UNIMPLEMENTED',
      gzip: 'UNIMPLEMENTED',
      cancelled: true,
      counted: true,
    });
    await using session = await createSession(readFileSync(file('model.onnx')));
    const [expected] = Object.values(await session.run({ input }, { type: 'float32' }));
    expect(
      Buffer.compare(readFileSync(file('output')), Buffer.from(expected?.data.buffer as ArrayBuffer)),
    ).toBe(0);
  },
);

itWhereThere('the interface files are those that reflection describes', () => {
  const names = [
    'grpc_service',
    'grpc/health/v1/health',
    'grpc/reflection/v1/reflection',
    'grpc/reflection/v1alpha/reflection',
  ];
  const made = ['--include_imports', `--descriptor_set_out=${file('interfaces')}`];
  execFileSync('protoc', ['-I', protos, ...made, ...names.map((name) => `${name}.proto`)]);
  expect(readFileSync(file('interfaces')).equals(readFileSync(join(protos, 'interfaces.binpb')))).toBe(true);
});

it('a server that is told to end answers what it accepted', async () => {
  const client = clientOf(address);
  const side = 256;
  const request = {
    model_name: 'open',
    inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 3, side, side] }],
    raw_input_contents: [Buffer.alloc(4 * 3 * side * side)],
  };
  const all = Array.from({ length: 12 }, () => client.call('ModelInfer', request));
  const runs = async () => (await client.call('ModelStatistics', { name: 'open' })).value.model_stats[0];
  while ((await runs()).execution_count < 2);
  server.kill('SIGTERM');
  expect((await Promise.all(all)).map(({ code }) => code)).toEqual(new Array(12).fill('OK'));
  expect(await once(server, 'exit')).toEqual([0, null]);
  expect(await client.call('ServerLive', {})).toMatchObject({ code: 'UNAVAILABLE' });
  client.close();
});
