import { expect } from '@jest/globals';
import { encodeModel } from '../../graph/file/write.js';
import { type Level, optimize } from '../../graph/passes/optimize.js';
import { createSession } from '../../runtime/node/sessions/session.js';
import { verifySession } from '../../src/parity/parity.js';
import { configOf, exportedSmp, type SmpCase, smpCheckpoint, smpReference } from './smp.js';

/** Rounding, beside the largest value of an output where that is above 1. */
const TOLERANCE = 5e-6;

/** Holds what a case gives, with its config.json, against PyTorch. */
export async function expectParity(name: string, entry: SmpCase, levels: readonly Level[]): Promise<void> {
  const checkpoint = smpCheckpoint(entry, [['config.json', configOf(entry)]]);
  const { model } = exportedSmp(checkpoint);
  const reference = await smpReference(name);
  for (const level of levels) {
    await using session = await createSession(encodeModel(optimize(model, { level }).model));
    const { outputs } = await verifySession(session, reference);
    expect(Object.keys(outputs)).toEqual([...reference.keys()].slice(1));
    for (const { maxAbs, largest } of Object.values(outputs)) {
      expect(maxAbs / Math.max(1, largest)).toBeLessThanOrEqual(TOLERANCE);
    }
  }
}
