import { expect, it } from '@jest/globals';
import type { Head } from '../../../exporters/assembly/head.js';
import { readReference } from '../../../exporters/checkpoints/open.js';
import { readOutline } from '../../../graph/file/outline.js';
import { inputSpecOf } from '../../../runtime/input-spec.js';
import { createSession } from '../../../runtime/node/sessions/session.js';
import { cases, exported, fixture } from '../../support/fixtures.js';

const [entry] = cases.filter(({ name }) => name.startsWith('original-classes4'));
if (entry === undefined) throw new Error('the case is gone');
const { checkpoint, io, input } = entry;
const modelWith = (head: Head) => exported(fixture('cases', checkpoint), { head, size: {} });

/** What the model gives for the case's input, [N, classes, pixels]. */
async function outputOf(head: Head) {
  const fed = (await readReference(fixture('cases', io))).get(input);
  if (fed === undefined) throw new Error('no input');
  await using session = await createSession(await modelWith(head));
  const { buffer, byteOffset, length } = fed.bytes();
  const data = new Float32Array(buffer.slice(byteOffset, byteOffset + length));
  const { mask } = await session.run({ input: { data, dims: fed.dims } });
  if (!(mask?.data instanceof Float32Array)) throw new Error('no mask');
  const [batch = 0, classes = 0] = mask.dims;
  return { values: mask.data, classes, pixels: mask.data.length / batch / classes };
}

it('sigmoid and softmax are those of the logits that a model without head gives', async () => {
  const [logits, sigmoid, softmax] = [
    await outputOf('none'),
    await outputOf('sigmoid'),
    await outputOf('softmax'),
  ];
  const { classes, pixels } = logits;
  expect(classes).toBe(4);
  let [worstSigmoid, worstSoftmax] = [0, 0];
  for (let at = 0; at < logits.values.length; at++) {
    const first = Math.floor(at / (classes * pixels)) * classes * pixels + (at % pixels);
    const exponentials = Array.from({ length: classes }, (_, i) =>
      Math.exp(logits.values[first + i * pixels] ?? 0),
    );
    const own = Math.exp(logits.values[at] ?? 0);
    const share = own / exponentials.reduce((sum, value) => sum + value, 0);
    worstSigmoid = Math.max(worstSigmoid, Math.abs((sigmoid.values[at] ?? 0) - own / (1 + own)));
    worstSoftmax = Math.max(worstSoftmax, Math.abs((softmax.values[at] ?? 0) - share));
  }
  expect(worstSigmoid).toBeLessThan(1e-6);
  expect(worstSoftmax).toBeLessThan(1e-6);
});

it('there is no softmax over one class, of which the share is always 1', async () => {
  await expect(exported(fixture('cases', 'original.zip.pth'), { head: 'softmax', size: {} })).rejects.toThrow(
    expect.objectContaining({
      code: 'BAD_USAGE',
      message: "`head: 'softmax'`: over one class it is always 1, use sigmoid",
    }),
  );
});

it('images are not segmented by a model that gives logits', async () => {
  const outline = readOutline(await modelWith('none'), 'model.onnx');
  expect(outline.metadata.get('nmode.head')).toBe('none');
  expect(() => inputSpecOf(outline)).toThrow(
    /returns logits, not probabilities: .* `head: 'softmax'` where .* or `head: 'sigmoid'`/,
  );
});
