import { join } from 'node:path';
import { exportModel } from '../../src/api/export.js';
import { root } from '../networks.js';
import { serving } from '../serving.js';
import { send } from './client.js';
import { type LoadRequest, MODEL } from './requests.js';

/** A model, and the digests of what it answers to each request when it is asked nothing else. */
export interface Version {
  readonly file: string;
  readonly digests: readonly string[];
}

const ACTIVATIONS = ['gelu', 'relu'] as const;

/**
 * The trained network (w = 16, EED), and the same with another activation, which gives other masks.
 * @param size of its input; 1 x 256 x 256 where nothing is said
 */
export async function twoVersions(
  file: (name: string) => string,
  requests: readonly LoadRequest[],
  size?: Parameters<typeof exportModel>[0]['size'],
): Promise<readonly Version[]> {
  const checkpoint = join(root, 'fixtures/trained/unet-eed-w16-isic2018.pth');
  const versions: Version[] = [];
  for (const activation of ACTIVATIONS) {
    const output = file(`${activation}.onnx`);
    await exportModel({ checkpoint, output, decoder: 'eed', activation, ...(size && { size }) });
    const digests = await serving(`${MODEL}=${output}`, ['--workers', '1'], ({ url }) =>
      answersOf(url, requests),
    );
    versions.push({ file: output, digests });
  }
  for (const [index, { kind }] of requests.entries()) {
    const [one, other] = versions.map(({ digests }) => digests[index]);
    if (one === other) throw new Error(`${kind}: both versions answer the same`);
  }
  return versions;
}

async function answersOf(url: string, requests: readonly LoadRequest[]): Promise<readonly string[]> {
  const digests: string[] = [];
  // How slowly a request comes changes no answer.
  for (const { kind, over: _, ...sent } of requests) {
    const { digest, text, error } = await send(url, sent, false);
    if (digest === undefined) throw new Error(`${kind}: ${text ?? error}`);
    digests.push(digest);
  }
  return digests;
}
