import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exported, fixture, root } from './fixtures.js';
import { main } from './nmode.js';

/** A folder with what a clone has that commands and programs of the docs read. */
export interface Clone {
  readonly folder: string;
  /** Runs a block as bash does there, with the command that was built here for npx. */
  readonly run: (code: string) => { status: number | null; stdout: string; stderr: string };
  /** What stands there. */
  readonly files: () => readonly string[];
  readonly remove: () => void;
}

export function makeClone(): Clone {
  const folder = mkdtempSync(join(tmpdir(), 'nmode-clone-'));
  symlinkSync(fixture(), join(folder, 'fixtures'));
  const npx = `npx() { shift; '${process.execPath}' '${main}' "$@"; }\nset -euo pipefail\n`;
  return {
    folder,
    run(code) {
      const { status, stdout, stderr } = spawnSync('bash', ['-c', npx + code], {
        cwd: folder,
        encoding: 'utf8',
      });
      return { status, stdout, stderr };
    },
    files: () => readdirSync(folder).sort(),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

const FEW = 8;

/** The network that the docs export to out/model.onnx. */
export const modelOfDocs = (): Promise<Uint8Array> =>
  exported(fixture('trained', 'unet-eed-w16-isic2018.pth'), { decoder: 'eed', activation: 'gelu' });

/** Makes a clone one that has the package installed, and the files that programs of the docs name. */
export async function furnish({ folder }: Clone): Promise<void> {
  const file = (name: string) => join(folder, name);
  for (const name of ['node_modules', 'out']) mkdirSync(file(name));
  symlinkSync(root, file('node_modules/nmode-onnx'));
  symlinkSync(join(root, 'node_modules/@grpc'), file('node_modules/@grpc'));
  writeFileSync(file('package.json'), '{ "private": true, "type": "module" }');
  const model = await modelOfDocs();
  for (const name of ['model.onnx', 'out/model.onnx']) writeFileSync(file(name), model);
  const copies = {
    'best.pth': 'trained/unet-eed-w16-isic2018.pth',
    'io.safetensors': 'trained/unet-eed-w16-isic2018.io.safetensors',
    'unet.pth': 'slim/teacher.pth',
    photos: 'grey',
    photographs: 'images',
    'lesion.jpg': 'images/ISIC_0000082.jpg',
    'slide.png': 'channels/nonzero_0000.png',
  };
  for (const [name, from] of Object.entries(copies)) cpSync(fixture(from), file(name), { recursive: true });
  // A few are enough for a training of a few steps.
  mkdirSync(file('images'));
  for (const name of readdirSync(fixture('slim/images')).slice(0, FEW)) {
    cpSync(fixture('slim/images', name), join(file('images'), name));
  }
}
