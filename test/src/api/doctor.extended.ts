import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { fixture } from '../../support/fixtures.js';
import { nmode } from '../../support/nmode.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));
const out = (name: string) => join(folder, name);
const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
const told = ['--decoder', 'eed', '--activation', 'gelu', '--recipe', 'release'];

describe('doctor', () => {
  it('tells of every provider whether it works, and where nodes ran', () => {
    const run = nmode('doctor', '--json');
    expect(run.status).toBe(0);
    const diagnosis = JSON.parse(run.stdout);
    const names = diagnosis.providers.map(({ provider }: { provider: string }) => provider);
    expect(names).toEqual(['cpu', 'cuda', 'tensorrt', 'webgpu', 'coreml', 'dml']);
    expect(diagnosis.providers[0]).toMatchObject({ works: true, placement: { cpu: expect.any(Number) } });
    for (const { works, problem } of diagnosis.providers) expect(works || problem.length > 10).toBe(true);
    expect(diagnosis.cores.usable).toBeGreaterThanOrEqual(1);
    expect(diagnosis.versions.onnxruntime).toMatch(/^1\.\d+/);
    // A small input: WebGPU in software takes its time.
    nmode('export', trained, '-o', out('small.onnx'), ...told, '--size', '64x64');
    expect(nmode('doctor', out('small.onnx')).stdout).toMatch(
      /tried with +.*small\.onnx\ncpu +works: \d+ nodes on cpu\n/,
    );
  });
});
