import { describe, expect, it } from '@jest/globals';
import { checkOptions, FLAG, type Kinds, PATH, sizeUpTo, whole } from '../../../graph/common/option-kinds.js';

interface Options {
  readonly model: string;
  readonly output: string;
  readonly steps?: number;
  readonly force?: boolean;
  readonly size?: { readonly height: number; readonly width: number };
}

const KINDS: Kinds<Options> = {
  ...{ model: PATH, output: PATH },
  ...{ steps: whole(1, 9), force: FLAG, size: sizeUpTo(100) },
};

const check = (options: unknown) => () => checkOptions(options as Options, KINDS, ['model', 'output']);
const GIVEN = { model: 'a', output: 'b' };

describe('options of programs without types', () => {
  it('pass where they fit, and where they are undefined', () => {
    expect(check(GIVEN)).not.toThrow();
    expect(
      check({ ...GIVEN, steps: 9, force: false, size: { height: 10, width: 10 }, other: undefined }),
    ).not.toThrow();
  });

  it.each([
    [undefined, 'expected options: { model, output }'],
    [null, 'expected options: { model, output }'],
    [[GIVEN], 'expected options: { model, output }'],
    ['a.onnx', 'expected options: { model, output }'],
    [{}, '`model` is missing: expected a path'],
    [{ model: 'a', output: undefined }, '`output` is missing: expected a path'],
    [{ ...GIVEN, steps: 10 }, '`steps: 10`, expected a whole number from 1 to 9'],
    [{ ...GIVEN, steps: null }, '`steps: null`, expected a whole number from 1 to 9'],
    [{ ...GIVEN, force: 'yes' }, "`force: 'yes'`, expected true or false"],
    [{ ...GIVEN, output: '' }, "`output: ''`, expected a path"],
    [{ ...GIVEN, size: { height: 11, width: 10 } }, /in whole pixels, at most 100 in all/],
    [{ ...GIVEN, size: { height: 0, width: 10 } }, /in whole pixels/],
    [{ ...GIVEN, size: { height: 5 } }, /in whole pixels/],
    [{ ...GIVEN, size: '10x10' }, /in whole pixels/],
  ])('refuses %j', (options, message) => {
    expect(check(options)).toThrow(message);
  });

  it('are refused by unknown names, with the closest, or else with those that are missing, or all', () => {
    expect(check({ ...GIVEN, step: 3 })).toThrow('no option is named `step`; the closest is `steps`');
    expect(check({ network: 'a', output: 'b' })).toThrow('no option is named `network`, expected `model`');
    expect(check({ ...GIVEN, network: 1 })).toThrow(
      'no option is named `network`, expected `model`, `output`, ',
    );
    expect(check(Object.assign(Object.create({ inherited: 1 }), GIVEN))).not.toThrow();
    expect(check({ ...GIVEN, constructor: 1 })).toThrow('`constructor`');
  });

  it('are refused where they are inherited, since what is spread would lose them', () => {
    const inherited = '`steps` is inherited: give options as properties of the object itself';
    expect(check(Object.assign(Object.create({ steps: 3 }), GIVEN))).toThrow(inherited);
    class Options {
      model = 'a.onnx';
      output = 'b.onnx';
      get steps() {
        return 3;
      }
    }
    expect(check(new Options())).toThrow(inherited);
  });
});
