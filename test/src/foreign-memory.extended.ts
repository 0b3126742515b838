import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from '@jest/globals';
import { buildModel } from '../../exporters/assembly/build.js';
import { standard } from '../../exporters/assembly/describe.js';
import { UNet } from '../../exporters/backbones/unet.js';
import { Weights } from '../../exporters/nn/weights.js';
import { encodeModel } from '../../graph/file/write.js';
import { fixture } from '../support/fixtures.js';
import { main } from '../support/nmode.js';
import { seeded } from '../support/seeded.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-foreign-memory-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [model, output, one] = ['model.onnx', 'out.onnx', 'one'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
const bench = (name: string) => fileURLToPath(new URL(`../../dist/bench/${name}.js`, import.meta.url));

/** Peak memory of a program in MB. */
function peakOf(...args: readonly string[]): number {
  const { status, stderr } = spawnSync(process.execPath, ['--import', bench('print-peak'), ...args], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return (Number(/^VmHWM (\d+)$/m.exec(stderr)?.[1]) * 1024) / 1e6;
}

const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux(
  'a model of 200 MB is rewritten in 4 times its size and 80 MB, and compared in 7 times its size',
  () => {
    const size = { batch: 1, height: 64, width: 64 };
    const network = buildModel(standard(UNet.ofWidth(124), 'original'), Weights.from(seeded), { size });
    writeFileSync(model, encodeModel({ ...network, producerName: 'pytorch', metadata: new Map() }));
    const megabytes = statSync(model).size / 1e6;
    expect(megabytes).toBeGreaterThan(200);
    mkdirSync(one);
    copyFileSync(fixture('images', 'ISIC_0000082.jpg'), join(one, 'one.jpg'));
    expect(peakOf(bench('rewrite'), model, output)).toBeLessThan(4 * megabytes + 80);
    expect(peakOf(main, 'optimize', model, '-o', output, '--images', one)).toBeLessThan(7 * megabytes);
  },
);
