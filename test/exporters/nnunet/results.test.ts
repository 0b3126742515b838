import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openCheckpoint, readReference } from '../../../exporters/checkpoints/open.js';
import { parseRecipe } from '../../../graph/recipe/recipe.js';
import { createSession } from '../../../runtime/node/sessions/session.js';
import { verifySession } from '../../../src/parity/parity.js';
import { exportOf, fixture } from '../../support/fixtures.js';

const RESULTS = fixture('nnunet', 'results');
const TRAINING = 'nnUNetTrainer__nnUNetPlans__2d_bs4';
const FINAL = join(TRAINING, 'fold_0', 'checkpoint_final.pth');

describe('results of nnU-Net', () => {
  it('tell network, regions and sizes, and give what PyTorch gives', async () => {
    const { bytes, model, assumed } = await exportOf(RESULTS, { head: 'sigmoid' });
    expect(Object.fromEntries(model.metadata)).toMatchObject({
      ...{ 'nmode.backbone': 'nnunet.plainconvunet', 'nmode.configuration': '2d_bs4' },
      ...{ 'nmode.head': 'sigmoid', 'nmode.classes': '3', 'nmode.size_multiple': '12' },
      'nmode.class_names': JSON.stringify(['whole', 'core', 'enhancing']),
      'nmode.source.file': join('results', FINAL),
    });
    // A training's tiles.
    expect(model.graph.inputs[0]?.type?.shape).toEqual([1, 3, 16, 24]);
    expect(assumed).toEqual([]);
    await using session = await createSession(bytes);
    const reference = await readReference(join(RESULTS, 'io.safetensors'));
    expect((await verifySession(session, reference)).pass).toBe(true);
  });

  it('end in logits, with all that nnU-Net does to images and to these', async () => {
    const { model } = await exportOf(RESULTS);
    const metadata = Object.fromEntries(model.metadata);
    expect(metadata).toMatchObject({ 'nmode.head': 'none', 'nmode.applied_head': 'sigmoid' });
    expect(JSON.parse(metadata['nmode.regions'] ?? '')).toEqual([
      { label: 1, of: [1, 2, 3] },
      { label: 2, of: [2, 3] },
      { label: 3, of: [3] },
    ]);
    expect(parseRecipe(metadata['nmode.recipe'] ?? '')).toEqual({
      normalization: { kind: 'unit', bits: 8 },
      sizing: { kind: 'slide', height: 16, width: 24, step: 0.5 },
      crop: 'foreground',
      mirror: ['height', 'width'],
      files: 'nnunet',
    });
  });

  describe('in a folder of their own', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nmode-nnunet-'));
    const training = join(folder, TRAINING);
    const fold = join(training, 'fold_0');
    const file = async (path: string) => {
      const checkpoint = await openCheckpoint(path);
      checkpoint.close();
      return checkpoint;
    };
    beforeAll(() => cpSync(RESULTS, folder, { recursive: true }));
    afterAll(() => rmSync(folder, { recursive: true }));

    it.each([
      ['the folder of a dataset', folder],
      ['a training', training],
      ['a fold', fold],
      ['a file', join(fold, 'checkpoint_final.pth')],
    ])('are found by %s', async (_, path) => {
      const { extras, note } = await file(path);
      expect([...(extras?.keys() ?? [])]).toEqual(expect.arrayContaining(['plans.json', 'dataset.json']));
      expect(note).toBe('');
    });

    it('need no file beside the checkpoint, which says all of it', async () => {
      const alone = join(folder, 'alone.pth');
      cpSync(join(fold, 'checkpoint_final.pth'), alone);
      expect((await exportOf(alone)).model.metadata.get('nmode.configuration')).toBe('2d_bs4');
    });

    it('of several folds or trainings are asked which', async () => {
      cpSync(fold, join(training, 'fold_all'), { recursive: true });
      await expect(openCheckpoint(training)).rejects.toThrow(
        `it holds 2 networks, fold_0, fold_all: name the folder of one, as ${join(training, 'fold_0')}`,
      );
      await file(join(training, 'fold_all'));
      rmSync(join(training, 'fold_all'), { recursive: true });
    });

    it('without a final checkpoint are those of the best, which is told', async () => {
      renameSync(join(fold, 'checkpoint_final.pth'), join(fold, 'checkpoint_best.pth'));
      expect((await file(training)).note).toContain(
        'weights are those of checkpoint_best.pth: there is no checkpoint_final.pth',
      );
      renameSync(join(fold, 'checkpoint_best.pth'), join(fold, 'checkpoint_final.pth'));
    });

    it('of images that are prepared in another way are refused, unless a recipe is given', async () => {
      const plans = join(training, 'plans.json');
      const text = readFileSync(plans, 'utf8');
      const otherwise = (all: object, own: object) => {
        const { configurations, ...rest } = JSON.parse(text);
        const changed = { ...configurations, '2d': { ...configurations['2d'], ...own } };
        writeFileSync(plans, JSON.stringify({ ...rest, ...all, configurations: changed }));
      };
      const resampling = { spacing: [2, 1], resampling_fn_data: 'resample_otherwise' };
      const cases = [
        [
          {},
          { preprocessor_name: 'OwnPreprocessor' },
          /prepared by OwnPreprocessor, expected DefaultPreprocessor/,
        ],
        [{ transpose_forward: [1, 0, 2] }, {}, /transpose_forward puts axis 1 first/],
        [{}, resampling, /resampled by resample_otherwise of order 3 and/],
      ] as const;
      for (const [all, own, says] of cases) {
        otherwise(all, own);
        await expect(exportOf(training)).rejects.toThrow(says);
        const { model } = await exportOf(training, { recipe: { normalization: { kind: 'unit' } } });
        expect(parseRecipe(model.metadata.get('nmode.recipe') ?? '')).not.toHaveProperty('spacing');
      }
      otherwise({}, { ...resampling, resampling_fn_data: 'resample_torch_fornnunet' });
      const { model } = await exportOf(training);
      const { spacing } = parseRecipe(model.metadata.get('nmode.recipe') ?? '');
      expect(spacing).toEqual({ height: 2, width: 1, order: 1, unit: 'px' });
      writeFileSync(plans, text);
    });

    it('that are damaged are refused in one line', async () => {
      writeFileSync(join(training, 'plans.json'), '{"configurations": ');
      await expect(exportOf(training)).rejects.toThrow(/^plans\.json: [^\n]*$/);
      const empty = join(folder, 'empty');
      mkdirSync(empty);
      await expect(openCheckpoint(empty)).rejects.toThrow(/a folder without .*checkpoint_final\.pth/);
    });
  });
});
