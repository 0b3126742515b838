import { describe, expect, it } from '@jest/globals';
import { parseRecipe } from '../../../../graph/recipe/recipe.js';
import { readImage, readMask } from '../../../../runtime/node/images/files.js';
import { drawExample, examplesOf, slimReportPage } from '../../../../src/slimming/figures/report.js';
import type { Scores, SlimReport } from '../../../../src/slimming/slim-report.js';
import { fixture } from '../../../support/fixtures.js';

const scoresOf = (...values: readonly number[]): Scores => ({
  perImage: values.map((dsc, index) => ({ name: `${index}.jpg`, dsc })),
  mean: values.reduce((sum, value) => sum + value, 0) / values.length,
  median: values.toSorted()[values.length >> 1] ?? Number.NaN,
  worst: Math.min(...values),
});

const REPORT: SlimReport = {
  network: '/models/unet<w16>.pth',
  output: '/models/slim.onnx',
  decoder: 'eed',
  encoder: 'the encoder of unet, 590,160 numbers',
  fitted: 9985,
  images: { train: 89, heldOut: 26, test: 3 },
  duplicates: [['a & b.jpg', 'c.jpg']],
  failures: [
    { name: 'x.jpg', code: 'BAD_IMAGE', error: 'x.jpg: cannot be read as an image: <it is damaged>' },
  ],
  recipe: parseRecipe(
    '{"normalization":{"kind":"min-max"},"sizing":{"kind":"resize","height":256,"width":256}}',
  ),
  assumed: [{ what: 'recipe', value: 'min-max, resized to 256x256', option: 'recipe' }],
  seed: 7,
  steps: 500,
  runningFrom: 325,
  bestStep: 450,
  losses: Array.from({ length: 500 }, (_, index) => 2 * Math.exp(-index / 90) + 0.2),
  looks: [25, 250, 450, 500].map((step) => ({
    step,
    agreement: 0.97 - 1 / step,
    divergence: 0.01 + 1 / step,
  })),
  seconds: 181.6,
  threads: 2,
  teacher: { parameters: 839777, macs: 1903427584, bytes: 3366000, milliseconds: 40 },
  student: {
    ...{ parameters: 600145, macs: 912000000, bytes: 2408000, milliseconds: 21 },
    agreement: scoresOf(0.99, 0.9123, 0.97),
  },
  teacherInt8: {
    parameters: 839777,
    macs: 1903427584,
    bytes: 873000,
    milliseconds: 27,
    agreement: scoresOf(0.9951),
  },
  heldOut: { agreement: scoresOf(0.9812, 0.9812) },
  versions: { nmode: '0.1.0', node: '20.19.0', onnxruntime: '1.30.0' },
  warnings: ['x.png and 8 more: it is <grey>'],
  notes: ['softmax assumed & said'],
};

const written = (report: SlimReport, examples: Parameters<typeof slimReportPage>[1] = []) =>
  Buffer.from(slimReportPage(report, examples)).toString('utf8');

describe('the report', () => {
  it('says what was frozen, what it came to and how it was made', async () => {
    const html = written(REPORT);
    const texts = [
      ...['839,777', '600,145', '912.000 M', '2.41 MB', '0.525', '0.9123', '0.9951'],
      'On the images that selected the weights (26), which is optimistic: agreement 0.9812.',
      '89 trained on, 26 chose the weights, 3 chose nothing',
      'the encoder of unet, 590,160 numbers',
      'EED decoder of 9,985 numbers',
      '500, the weights kept are those of step 450',
      'recipe min-max, resized to 256x256',
      'a &amp; b.jpg, c.jpg',
      'nmode 0.1.0, node 20.19.0, onnxruntime 1.30.0',
      '182 s on 2 threads',
      'softmax assumed &amp; said',
      'x.png and 8 more: it is &lt;grey&gt;',
      '>running statistics</text>',
      '>weights kept</text>',
    ];
    expect(texts.filter((text) => !html.includes(text))).toEqual([]);
  });

  it('shows no column that no model has a figure for', async () => {
    expect(written(REPORT)).not.toContain('ground truth');
    const truth = { ...scoresOf(0.8), dsc: 0.8391 };
    const { teacher, student } = REPORT;
    const html = written({ ...REPORT, teacher: { ...teacher, truth }, student: { ...student, truth } });
    expect(html).toContain('DSC, ground truth');
    expect(html).toContain('0.8391');
  });

  it('needs no other file and runs nothing, whatever files are called', async () => {
    const name = '"><script>alert(1)</script>.jpg';
    const image = await readImage(fixture('images', 'ISIC_0000082.jpg'));
    const mask = await readMask(fixture('masks', 'ISIC_0000082.png'));
    const example = await drawExample({ name, kind: 'worst', dsc: 0.5 }, image, {
      teacher: [mask],
      student: [],
    });
    const html = written({ ...REPORT, network: name, duplicates: [[name, name]], notes: [name] }, [example]);
    expect(html).not.toMatch(/<script|<link|href=|src="(?!data:image\/png;base64,)|url\(/);
    expect(html).toContain('worst: &quot;&gt;&lt;script&gt;');
  });

  it('says where no image chose the weights', async () => {
    const html = written({ ...REPORT, images: { train: 9, heldOut: 0, test: 1 }, heldOut: {} });
    expect(html).toContain('No image selected the weights: they are those of the last step.');
  });
});

describe('the images that are shown', () => {
  const shownOf = (...values: readonly number[]) =>
    examplesOf(scoresOf(...values)).map(({ kind, dsc }) => [kind, dsc]);

  it('are the two best, the two in the middle and the two worst', () => {
    expect(shownOf(0.1, 0.9, 0.5, 0.3, 0.8, 0.6, 0.4, 0.2)).toEqual([
      ['best', 0.9],
      ['best', 0.8],
      ['median', 0.5],
      ['median', 0.4],
      ['worst', 0.2],
      ['worst', 0.1],
    ]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('are each shown once, of %i', (count) => {
    const values = Array.from({ length: count }, (_, index) => index / 10);
    const shown = shownOf(...values).map(([, dsc]) => dsc);
    expect(shown).toHaveLength(Math.min(count, 6));
    expect(new Set(shown).size).toBe(shown.length);
  });

  it('have the outlines of both masks', async () => {
    const image = await readImage(fixture('images', 'ISIC_0000082.jpg'));
    const mask = await readMask(fixture('masks', 'ISIC_0000082.png'));
    const example = { name: 'a', kind: 'best', dsc: 1 } as const;
    const coloured = async (masks: Parameters<typeof drawExample>[2]) => {
      const { data } = await readImage((await drawExample(example, image, masks)).png);
      const has = ([r, g, b]: readonly number[]) => {
        for (let i = 0; i < data.length; i += 3)
          if (data[i] === r && data[i + 1] === g && data[i + 2] === b) return true;
        return false;
      };
      return { teacher: has([32, 220, 90]), student: has([255, 64, 32]) };
    };
    const nothing = { ...mask, data: new Uint8Array(mask.data.length) };
    expect(await coloured({ teacher: [mask], student: [nothing] })).toEqual({
      teacher: true,
      student: false,
    });
    expect(await coloured({ teacher: [nothing], student: [mask] })).toEqual({
      teacher: false,
      student: true,
    });
  });
});
