import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readReference } from '../../../exporters/checkpoints/open.js';
import type { Tensor } from '../../../graph/ir/tensor.js';
import { lackOf } from '../../../runtime/node/sessions/requirements.js';
import { createSession, type Session } from '../../../runtime/node/sessions/session.js';
import { verifySession } from '../../../src/parity/parity.js';
import {
  type Case,
  cases,
  exported,
  fixture,
  referenceOf,
  releaseCases,
  toldBy,
} from '../../support/fixtures.js';

const TOLERANCE = 1e-4;

/** The largest difference from PyTorch on the WebGPU provider, which is refused any help. */
async function onWebGpu(model: Uint8Array, reference: ReadonlyMap<string, Tensor>): Promise<number> {
  const options = { providers: ['webgpu'], strict: true, check: false } as const;
  await using session = await createSession(model, options);
  expect(session.provider).toMatchObject({ effective: 'webgpu', attempts: [] });
  const parity = await verifySession(session, reference, { atol: TOLERANCE });
  return parity.outputs.mask?.maxAbs ?? Number.NaN;
}

const lack = lackOf('webgpu');
if (lack !== undefined && process.env.CI !== undefined)
  throw new Error(`WebGPU cannot be tested: ${lack.what}`);
if (lack !== undefined) console.log(`WebGPU is not tested here: ${lack.what}; ${lack.remedy}`);
const tested = lack === undefined ? describe : describe.skip;

/** One case a network and input: the same network in another container is the same model. */
const networks = [
  ...new Map(
    cases.map((entry) => {
      const { checkpoint, decoder, activation, lmdForm, input } = entry;
      return [[checkpoint.split('.')[0], decoder, activation, lmdForm, input].join(' '), entry] as const;
    }),
  ).values(),
];

/**
 * onnxruntime 1.30's WebGPU takes convolutions of 6, 9, 15, ... channels into 4, 8, 12, ... for ones of 3: these networks
 * have one.
 */
const MISCOMPUTED = ['hd-kernel5-state8', 'original-classes4'];
const computed = networks.filter(({ name }) => !MISCOMPUTED.includes(name));

async function modelOf(entry: Case, folder: string): Promise<Uint8Array> {
  return exported(fixture(folder, entry.checkpoint), { ...toldBy(entry), size: {} });
}

tested("on WebGPU every network gives PyTorch's probabilities", () => {
  // While a session is open, onnxruntime keeps the shaders that were compiled for it: most are those of other networks as well.
  let open: Session | undefined;
  beforeAll(async () => {
    const [first] = computed;
    if (first === undefined) throw new Error('no case');
    open = await createSession(await modelOf(first, 'cases'), { providers: ['webgpu'], check: false });
  });
  afterAll(() => open?.close());

  it.each(computed.map((entry) => [entry.name, entry] as const))('%s', async (_, entry) => {
    const largest = await onWebGpu(await modelOf(entry, 'cases'), await referenceOf(entry));
    expect(largest).toBeLessThanOrEqual(TOLERANCE);
  });

  it.each(releaseCases.map((entry) => [entry.name, entry] as const))('%s', async (_, entry) => {
    const reference = await readReference(fixture('release', entry.io));
    expect(await onWebGpu(await modelOf(entry, 'release'), reference)).toBeLessThanOrEqual(TOLERANCE);
  });

  it.each(MISCOMPUTED)(
    'or runs on the CPU, where WebGPU is caught computing it wrongly: %s',
    async (name) => {
      const entry = networks.find((network) => network.name === name);
      if (entry === undefined) throw new Error('the case is gone');
      const reference = await referenceOf(entry);
      await using session = await createSession(await modelOf(entry, 'cases'), { providers: ['webgpu'] });
      expect(session.provider).toMatchObject({
        effective: 'cpu',
        attempts: [{ provider: 'webgpu', error: expect.stringMatching(/differs from the CPU's/) }],
      });
      expect((await verifySession(session, reference)).pass).toBe(true);
    },
  );

  it('auto prefers the CPU to a graphics card that is none, and a profile shows where nodes ran', async () => {
    const [entry] = releaseCases;
    if (entry === undefined) throw new Error('no case');
    const model = await modelOf(entry, 'release');
    await using session = await createSession(model, { providers: 'auto' });
    expect(session.provider.effective).toBe('cpu');
    expect(session.provider.attempts.at(-1)).toMatchObject({
      provider: 'webgpu',
      error: expect.stringMatching(/^slower than the CPU: /),
    });
    const options = { providers: ['webgpu'], strict: true, placement: true } as const;
    await using forced = await createSession(model, options);
    expect(forced.provider.check?.maxDifference).toBeLessThanOrEqual(TOLERANCE);
    expect(forced.provider.placement?.webgpu).toBeGreaterThan(30);
    // Each load tries the driver in a process of its own, and a graphics card that is none is slow.
  }, 240_000);
});
