import { describe, expect, it } from '@jest/globals';
import {
  candidates,
  PROVIDERS,
  parseProvider,
  toleranceOf,
} from '../../../../runtime/node/sessions/providers.js';

const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);

describe('the names of providers', () => {
  it('a device is a number behind a colon', () => {
    expect(parseProvider('cuda')).toEqual({ name: 'cuda', id: 'cuda', device: undefined });
    expect(parseProvider('cuda:1')).toEqual({ name: 'cuda:1', id: 'cuda', device: 1 });
  });

  it.each(['gpu', 'CUDA', '', 'cuda:', 'cuda:x', 'cuda:-1', '__proto__', 'toString'])(
    "'%s' is unknown, and the known ones are listed",
    (text) => {
      expect(() => parseProvider(text)).toThrow(
        expect.objectContaining({
          code: 'BAD_USAGE',
          message: `provider '${text}' is unknown: choose cpu, cuda, tensorrt, webgpu, coreml, dml or auto`,
        }),
      );
    },
  );

  it("'auto' is a choice of its own, and none of a list", () => {
    expect(() => parseProvider('auto')).toThrow("provider 'auto' stands alone, not in a list");
  });

  it('a device of what has none is refused', () => {
    expect(() => parseProvider('cpu:1')).toThrow(/cpu has no numbered devices/);
  });

  it('the table cannot be changed', () => {
    expect(Object.isFrozen(PROVIDERS)).toBe(true);
  });
});

describe('what is tried', () => {
  it('in the order asked for, each once, and the CPU last', () => {
    expect(names(candidates(['webgpu', 'cuda:1', 'webgpu'], false))).toEqual(['webgpu', 'cuda:1', 'cpu']);
    expect(names(candidates(['cpu', 'cuda'], false))).toEqual(['cpu', 'cuda']);
  });
  it('strictly only the first', () => {
    expect(names(candidates(['cuda', 'cpu'], true))).toEqual(['cuda']);
  });
  it('auto ends on the CPU on every platform', () => {
    expect(names(candidates('auto', false)).at(-1)).toBe('cpu');
  });
  it('nothing is not enough', () => {
    expect(() => candidates([], false)).toThrow(/no provider is named/);
  });
});

it("CUDA's tolerance is that of TF32, unless TF32 is turned off", () => {
  const before = process.env.NVIDIA_TF32_OVERRIDE;
  delete process.env.NVIDIA_TF32_OVERRIDE;
  expect(toleranceOf(parseProvider('cuda'))).toBe(5e-3);
  process.env.NVIDIA_TF32_OVERRIDE = '0';
  expect(toleranceOf(parseProvider('cuda:1'))).toBe(1e-4);
  expect(toleranceOf(parseProvider('coreml'))).toBe(1e-2);
  expect(toleranceOf(parseProvider('cpu'))).toBe(1e-5);
  if (before === undefined) delete process.env.NVIDIA_TF32_OVERRIDE;
  else process.env.NVIDIA_TF32_OVERRIDE = before;
});
