import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readReference } from '../../../../exporters/checkpoints/open.js';
import { encodeModel } from '../../../../graph/file/write.js';
import { symbol } from '../../../../graph/ir/dim.js';
import { float32Values } from '../../../../graph/ir/tensor.js';
import { input } from '../../../../graph/ir/value.js';
import { mul } from '../../../../graph/ops/elementwise.js';
import { Segmenter } from '../../../../runtime/node/segmenter.js';
import { openNative } from '../../../../runtime/node/sessions/native.js';
import { parseProvider } from '../../../../runtime/node/sessions/providers.js';
import { createSession, type LoadProgress, type Session } from '../../../../runtime/node/sessions/session.js';
import { checkAgainstCpu } from '../../../../runtime/sessions/probe.js';
import type { RuntimeSession } from '../../../../runtime/sessions/runtime-session.js';
import { ofType } from '../../../../runtime/sessions/session.js';
import type { Floats } from '../../../../runtime/sessions/tensors.js';
import { exported, fixture } from '../../../support/fixtures.js';
import { modelOf } from '../../../support/graph.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-session-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** y = 2 x */
function doubling(): Uint8Array {
  const x = input('x', 'float32', [symbol('N')]);
  return encodeModel(modelOf([x], { y: mul(x, 2) }));
}

const numbers = (...values: number[]): Floats => ({ dims: [values.length], data: Float32Array.from(values) });

it('bytes that are given away are gone, and copied where they are a part of others', async () => {
  const [whole, part] = [new Uint8Array(doubling()), new Uint8Array([0, ...doubling()]).subarray(1)];
  for (const bytes of [whole, part]) {
    await using session = await createSession(bytes, { transfer: true });
    expect((await session.run({ x: numbers(1, 2) })).y?.data).toEqual(Float32Array.of(2, 4));
  }
  expect(whole.byteLength).toBe(0);
  expect(part.byteLength).toBe(doubling().byteLength);
});

describe('where a model comes from', () => {
  const path = join(folder, 'doubling.onnx');
  beforeAll(() => writeFileSync(path, doubling()));

  it.each([
    ['a path', () => path],
    ['a file: URL', () => pathToFileURL(path)],
    ['bytes', () => doubling()],
    ['a buffer', () => new Uint8Array(doubling()).buffer],
  ])('%s', async (_, source) => {
    await using session = await createSession(source());
    expect((await session.run({ x: numbers(1, 2) })).y?.data).toEqual(Float32Array.of(2, 4));
  });

  it('a file is checked before onnxruntime sees it, and named', async () => {
    const broken = join(folder, 'broken.onnx');
    writeFileSync(broken, 'no model');
    await expect(createSession(broken)).rejects.toMatchObject({
      code: 'BAD_MODEL',
      message: expect.stringMatching(/^broken\.onnx: not an ONNX/),
    });
    const missing = createSession(join(folder, 'missing.onnx'));
    await expect(missing).rejects.toMatchObject({
      code: 'BAD_MODEL',
      message: expect.stringMatching(/cannot be read/),
    });
  });

  it.each([
    [
      'an address',
      new URL('https://example.org/model.onnx'),
      /^https:.*expected a file: fetch its bytes first$/,
    ],
    ['a number', 7 as never, 'expected the path of a model, or its bytes'],
  ])('%s is refused', async (_, source, message) => {
    const refused = { code: 'BAD_USAGE', message: expect.stringMatching(message) };
    await expect(createSession(source)).rejects.toMatchObject(refused);
    await expect(Segmenter.load(source)).rejects.toMatchObject(refused);
  });

  it('tells how far it is, provider by provider', async () => {
    const told: LoadProgress[] = [];
    const onProgress = (progress: LoadProgress) => told.push(progress);
    await using session = await createSession(path, { providers: ['dml'], onProgress });
    expect(session.provider.effective).toBe('cpu');
    expect(told).toEqual([
      { kind: 'read', bytes: doubling().length },
      { kind: 'try', provider: 'dml' },
      { kind: 'open', provider: 'dml' },
      { kind: 'refuse', provider: 'dml', error: expect.stringMatching(/./) },
      { kind: 'try', provider: 'cpu' },
      { kind: 'open', provider: 'cpu' },
      { kind: 'ready', provider: 'cpu' },
    ]);
  });

  it.each(['read', 'try', 'open'] as const)('is stopped by its signal when it says %s', async (kind) => {
    const controller = new AbortController();
    const onProgress = (progress: LoadProgress) => {
      if (progress.kind === kind) controller.abort(new Error('enough'));
    };
    const loading = createSession(path, { signal: controller.signal, onProgress, workers: 2 });
    await expect(loading).rejects.toThrow('enough');
    await expect(Segmenter.load(path, { signal: controller.signal })).rejects.toThrow('enough');
  });
});

describe('a network in a thread', () => {
  let session: Session;
  let image: Floats;
  beforeAll(async () => {
    const trained = fixture('trained', 'unet-eed-w16-isic2018');
    const size = { batch: 1, height: 256, width: 256 };
    session = await createSession(
      await exported(`${trained}.pth`, { decoder: 'eed', activation: 'gelu', size }),
    );
    const reference = (await readReference(`${trained}.io.safetensors`)).get('input');
    if (reference === undefined) throw new Error('no input');
    image = { dims: [1, 3, 256, 256], data: float32Values(reference).slice(0, 3 * 65536) };
  });
  afterAll(() => session.close());

  it('leaves the event loop of this one free: it turns while the network runs', async () => {
    let [turns, running] = [0, true];
    const turn = () => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    await session.run({ input: image });
    running = false;
    // Were the network run here, the loop would turn once before it and not again until it is done.
    expect(turns).toBeGreaterThan(5);
  });

  it('an abort rejects at once, drops what waits, and the session goes on', async () => {
    const controller = new AbortController();
    const started: string[] = [];
    const { signal } = controller;
    const first = session.run({ input: image }, { signal, onStart: () => started.push('first') });
    const second = session.run({ input: image }, { signal, onStart: () => started.push('second') });
    const third = session.run({ input: image }, { onStart: () => started.push('third') });
    controller.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    await expect(second).rejects.toThrow('enough');
    expect((await third).mask?.dims).toEqual([1, 1, 256, 256]);
    expect(started).toEqual(['first', 'third']);
    await expect(session.run({ input: image }, { signal })).rejects.toThrow('enough');
  });

  it('a buffer is copied, or given away where that is allowed', async () => {
    const kept = image.data.slice();
    await session.run({ input: { ...image, data: kept } });
    expect(kept).toHaveLength(3 * 65536);
    const running = session.run({ input: { ...image, data: kept } }, { transfer: true });
    expect(kept).toHaveLength(0);
    await running;
  });

  it('a buffer that was given away before is refused in its turn, and nothing waits for it', async () => {
    const input = { ...image, data: image.data.slice() };
    const first = session.run({ input }, { transfer: true });
    const again = [true, false].map((transfer) => session.run({ input }, { transfer }));
    // Refused earlier, nobody would be there to handle it.
    expect((await first).mask?.dims).toEqual([1, 1, 256, 256]);
    for (const result of await Promise.allSettled(again)) {
      expect(result).toMatchObject({ reason: { code: 'BAD_USAGE' } });
    }
    expect((await session.run({ input: image })).mask?.dims).toEqual([1, 1, 256, 256]);
  });

  it('a buffer may be filled again while runs wait', async () => {
    const expected = await session.run({ input: image });
    const input = { ...image, data: image.data.slice() };
    const runs = [1, 2, 3].map(() => session.run({ input }));
    input.data.fill(0);
    for (const found of await Promise.all(runs)) expect(found).toEqual(expected);
  });

  it('what does not fit is refused in one line', async () => {
    const wrong = session.run({ input: { dims: [1, 3, 8, 8], data: new Float32Array(192) } });
    await expect(wrong).rejects.toMatchObject({
      code: 'BAD_USAGE',
      message: "input 'input' is [1, 3, 8, 8], the model takes [1, 3, 256, 256]",
    });
  });
});

describe('sessions', () => {
  it('two of them, and two workers of one, run at the same time', async () => {
    await using one = await createSession(doubling(), { workers: 2, threads: 1, warmUp: true });
    await using other = await createSession(doubling());
    expect(one).toMatchObject({ workers: 2, threads: 1, provider: { effective: 'cpu', attempts: [] } });
    const runs = [1, 2, 3, 4, 5, 6].map(async (value) => {
      const { y } = await (value % 2 === 0 ? one : other).run({ x: numbers(value) });
      return y?.data[0];
    });
    expect(await Promise.all(runs)).toEqual([2, 4, 6, 8, 10, 12]);
  });

  it('closing waits for the run under way, rejects those that wait, and may be said twice', async () => {
    const session = await createSession(doubling());
    const runs = [1, 2, 3].map((value) => session.run({ x: numbers(value) }));
    const settled = Promise.allSettled(runs);
    await Promise.all([session.close(), session.close()]);
    const closed = { status: 'rejected', reason: { code: 'CANNOT_RUN', message: 'the session is closed' } };
    expect(await settled).toMatchObject([{ status: 'fulfilled' }, closed, closed]);
    await expect(session.run({ x: numbers(1) })).rejects.toThrow('the session is closed');
  });

  it('a callback that throws fails its run and no other', async () => {
    await using session = await createSession(doubling());
    const onStart = () => {
      throw new Error('mine');
    };
    const runs = [1, 2].map((value) => session.run({ x: numbers(value) }, { onStart }));
    for (const result of await Promise.allSettled(runs))
      expect(result).toMatchObject({ reason: { message: 'mine' } });
    expect((await session.run({ x: numbers(3) })).y?.data[0]).toBe(6);
  });

  it('numbers that make no sense are refused by name', async () => {
    await expect(createSession(doubling(), { threads: 0 })).rejects.toThrow(/threads 0/);
    await expect(createSession(doubling(), { workers: 1.5 })).rejects.toThrow(/workers 1\.5/);
  });

  it('what is no model is refused', async () => {
    const refused = createSession(Buffer.from('no model'));
    await expect(refused).rejects.toMatchObject({
      code: 'CANNOT_RUN',
      message: expect.stringMatching(/^onnxruntime: /),
    });
  });
});

describe('a process that ends', () => {
  const script = (body: string) => `
    import { Segmenter } from ${JSON.stringify(new URL('../../../../dist/src/index.js', import.meta.url).href)};
    const segmenter = await Segmenter.load(${JSON.stringify(model)}, { workers: 2 });
    ${body}`;
  const model = join(folder, 'model.onnx');
  const run = (body: string) => {
    const file = join(folder, 'script.mjs');
    writeFileSync(file, script(body));
    return spawnSync(process.execPath, [file], { encoding: 'utf8' });
  };
  beforeAll(async () => {
    const size = { batch: 1, height: 256, width: 256 };
    const trained = fixture('trained', 'unet-eed-w16-isic2018.pth');
    writeFileSync(model, await exported(trained, { decoder: 'eed', activation: 'gelu', size }));
  });
  const photograph = JSON.stringify(fixture('images', 'ISIC_0000082.jpg'));

  it('in the middle of a run ends cleanly, with its own exit code', () => {
    const busy = `
      for (let i = 0; i < 8; i++) segmenter.segment(${photograph}).catch(() => {});
      setTimeout(() => process.exit(7), 60);`;
    for (let i = 0; i < 4; i++) expect(run(busy)).toMatchObject({ status: 7, stdout: '', stderr: '' });
  });

  it('without closing what it opened ends by itself', () => {
    const forgetful = `console.log((await segmenter.segment(${photograph})).width);`;
    expect(run(forgetful)).toMatchObject({ status: 0, stdout: '512\n', stderr: '' });
  });
});

describe('providers', () => {
  it('one that is not there is passed over, and the report says why', async () => {
    await using session = await createSession(doubling(), {
      providers: ['coreml', 'dml:1'],
      placement: true,
    });
    expect(session.provider).toMatchObject({
      requested: ['coreml', 'dml:1'],
      effective: 'cpu',
      attempts: [
        { provider: 'coreml', error: expect.stringMatching(/not on|./) },
        { provider: 'dml:1', error: expect.stringMatching(/not on|./) },
      ],
      placement: { cpu: 1 },
    });
    const { y } = await session.run({ x: numbers(3) });
    expect([...(y?.data ?? [])]).toEqual([6]);
  });

  it('strictly, it is an error that says what is missing', async () => {
    const strict = createSession(doubling(), { providers: ['dml', 'cpu'], strict: true });
    await expect(strict).rejects.toMatchObject({
      code: 'CANNOT_RUN',
      message: expect.stringMatching(/^dml: onnxruntime-node has it on win32/),
    });
  });

  it('auto takes what works', async () => {
    await using session = await createSession(doubling(), { providers: 'auto' });
    expect(session.provider.requested).toEqual(['auto']);
    const { y } = await session.run({ x: numbers(3) });
    expect([...(y?.data ?? [])]).toEqual([6]);
  });
});

describe('the check of an accelerator against the CPU', () => {
  const options = {
    provider: parseProvider('cpu'),
    graphOptimization: 'all',
    threads: 1,
    arena: true,
  } as const;
  const cpu = () => openNative(doubling(), options);
  /** A driver that is wrong by this much in one place. */
  async function faulty(error: number) {
    const session = await openNative(doubling(), options);
    return {
      ...session,
      run: async (inputs: Parameters<typeof session.run>[0]) => {
        const { y } = ofType(await session.run(inputs), 'float32');
        y?.data.set([(y.data[0] ?? 0) + error], 0);
        return { ...(y && { y }) };
      },
    };
  }

  it('passes the same answer', async () => {
    const session = await faulty(0);
    expect(await checkAgainstCpu(session, cpu, 1e-5)).toMatchObject({
      maxDifference: 0,
      tolerance: 1e-5,
    });
    await session.release();
  });

  it('times a run that compiles and allocates nothing any more', async () => {
    const counted: number[] = [];
    const slowAtFirst = async (): Promise<RuntimeSession> => {
      const session = await openNative(doubling(), options);
      const place = counted.push(0) - 1;
      const run: RuntimeSession['run'] = async (inputs) => {
        if (counted[place] === 0) await new Promise((resolve) => setTimeout(resolve, 500));
        counted[place] = (counted[place] ?? 0) + 1;
        return session.run(inputs);
      };
      return { ...session, run };
    };
    const session = await slowAtFirst();
    const { milliseconds, cpuMilliseconds } = await checkAgainstCpu(session, slowAtFirst, 1e-5);
    expect(counted).toEqual([2, 2]);
    expect(milliseconds).toBeLessThan(500);
    expect(cpuMilliseconds).toBeLessThan(500);
    await session.release();
  });

  it.each([0.01, Number.NaN, Number.POSITIVE_INFINITY])('refuses one that is wrong by %d', async (error) => {
    const session = await faulty(error);
    await expect(checkAgainstCpu(session, cpu, 1e-5)).rejects.toThrow(
      /differs from the CPU's by .* 0\.00001|1e-5/,
    );
    await session.release();
  });
});
