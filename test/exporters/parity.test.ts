import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../../exporters/assembly/build.js';
import { standard } from '../../exporters/assembly/describe.js';
import { UNet } from '../../exporters/backbones/unet.js';
import { readReference } from '../../exporters/checkpoints/open.js';
import { Weights } from '../../exporters/nn/weights.js';
import { parseModel } from '../../graph/file/read.js';
import { encodeModel } from '../../graph/file/write.js';
import type { Tensor } from '../../graph/ir/tensor.js';
import type { GraphOptimization } from '../../runtime/node/sessions/native.js';
import { verifySession } from '../../src/parity/parity.js';
import {
  type Case,
  cases,
  exported,
  fixture,
  referenceOf,
  releaseCases,
  toldBy,
} from '../support/fixtures.js';
import { sessionsInOneThread } from '../support/one-thread.js';
import { PUBLISHED } from '../support/published-solvers.js';
import { seeded } from '../support/seeded.js';

const TOLERANCE = 1e-5;
const LEVELS: readonly GraphOptimization[] = ['all', 'disabled'];

/** The size that a reference input has. */
function sizeOf(reference: ReadonlyMap<string, Tensor>) {
  const [batch = 0, , height = 0, width = 0] = reference.get('input')?.dims ?? [];
  return { batch, height, width };
}

const open = sessionsInOneThread();

async function expectParity(model: Uint8Array, ...references: readonly ReadonlyMap<string, Tensor>[]) {
  for (const level of LEVELS) {
    await using session = await open(model, level);
    for (const reference of references) {
      const { mask } = (await verifySession(session, reference)).outputs;
      expect(mask?.maxAbs).toBeLessThanOrEqual(TOLERANCE);
    }
  }
}

/** The first of several cases of one network that have one output: the others are the same in another container. */
function firstLike(entry: Case): Case | undefined {
  return cases.find(
    ({ io, input, output }) => `${io} ${input} ${output}` === `${entry.io} ${entry.input} ${entry.output}`,
  );
}

describe("every decoder, order and activation gives PyTorch's probabilities", () => {
  const firsts = cases.filter((entry) => firstLike(entry) === entry);
  it.each(firsts.map((entry) => [entry.name, entry] as const))('%s', async (_, entry) => {
    const reference = await referenceOf(entry);
    const options = { ...toldBy(entry), size: sizeOf(reference) };
    await expectParity(await exported(fixture('cases', entry.checkpoint), options), reference);
  });
});

describe('every container gives the same model, number for number', () => {
  const others = cases.filter((entry) => firstLike(entry) !== entry);
  it.each(others.map((entry) => [entry.name, entry] as const))('%s', async (_, entry) => {
    const size = sizeOf(await referenceOf(entry));
    const graphOf = async (of: Case) => {
      const bytes = await exported(fixture('cases', of.checkpoint), { ...toldBy(of), size });
      // The metadata say which file it was.
      return Buffer.from(encodeModel({ ...parseModel(bytes, of.name), metadata: new Map() }));
    };
    const first = await graphOf(firstLike(entry) ?? entry);
    expect((await graphOf(entry)).equals(first)).toBe(true);
  });
});

describe('one file with open sizes takes every size', () => {
  const sized = cases.filter(({ io }) => io === 'sizes.io.safetensors');
  it.each([...new Set(sized.map(({ checkpoint }) => checkpoint))])('%s', async (checkpoint) => {
    const entries = sized.filter((entry) => entry.checkpoint === checkpoint);
    const [first] = entries;
    if (first === undefined) throw new Error('no case of several sizes');
    const model = await exported(fixture('cases', checkpoint), { ...toldBy(first), size: {} });
    expect(entries.length).toBeGreaterThan(2);
    await expectParity(model, ...(await Promise.all(entries.map(referenceOf))));
  });
});

describe('every opset that is written gives the same probabilities', () => {
  const [eed] = cases.filter(({ name }) => name === 'eed-CR_B-gelu-zip');
  const [original] = cases.filter(({ name }) => name === 'original-1x3x37x51');
  it.each([13, 14, 15, 16, 17, 18])('opset %i', async (opset) => {
    for (const entry of [eed, original]) {
      if (entry === undefined) throw new Error('the case is gone');
      const model = await exported(fixture('cases', entry.checkpoint), { ...toldBy(entry), opset, size: {} });
      await expectParity(model, await referenceOf(entry));
    }
  });
});

describe("the release's own modules agree", () => {
  it.each(releaseCases)('$name', async ({ checkpoint, io, ...entry }) => {
    const reference = await readReference(fixture('release', io));
    const options = { ...toldBy(entry), size: {} };
    await expectParity(await exported(fixture('release', checkpoint), options), reference);
  });
});

it('the trained network, a batch of two through a model of one, agrees', async () => {
  const trained = fixture('trained', 'unet-eed-w16-isic2018');
  const size = { batch: 1, height: 256, width: 256 };
  const model = await exported(`${trained}.pth`, { decoder: 'eed', activation: 'gelu', size });
  await expectParity(model, await readReference(`${trained}.io.safetensors`));
});

describe('full width, w = 64, on weights that both languages compute', () => {
  it.each(['original', ...PUBLISHED] as const)('%s', async (id) => {
    const description = standard(UNet.network(new Map()), id);
    const size = { batch: 1, height: 32, width: 32 };
    const model = encodeModel(buildModel(description, Weights.from(seeded), { size }));
    const expected = (await readReference(fixture('seeded', 'outputs.safetensors'))).get(id);
    const input = seeded('input', [1, 3, 32, 32]);
    if (expected === undefined || input === undefined) throw new Error(`no output of ${id}`);
    const reference = new Map([
      ['input', input],
      ['mask', expected],
    ]);
    await expectParity(model, reference);
  });
});
