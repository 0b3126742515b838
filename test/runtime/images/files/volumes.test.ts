import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { NO_VOLUMES } from '../../../../runtime/images/files/volumes.js';
import { readImage } from '../../../../runtime/node/images/files.js';
import { findImages } from '../../../../src/files/find-images.js';

const folder = mkdtempSync(join(tmpdir(), 'nmode-volumes-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A header with a magic number at some place. */
function header(text: string, place: number): Buffer {
  const bytes = Buffer.alloc(600);
  bytes.write(text, place, 'latin1');
  return bytes;
}

const nifti = header('n+1\0', 344);
const VOLUMES = [
  ['ct.nii', nifti, 'NIfTI'],
  ['pair.nii', header('ni1\0', 344), 'NIfTI'],
  ['second.nii', header('n+2\0', 4), 'NIfTI'],
  ['ct.nii.gz', gzipSync(nifti), 'packed by gzip, as NIfTI files mostly are'],
  ['slice.dcm', header('DICM', 128), 'DICOM'],
  ['ct.mha', Buffer.from('ObjectType = Image\nNDims = 3\n'), 'MetaImage'],
  ['ct.nrrd', Buffer.from('NRRD0004\ntype: short\n'), 'NRRD'],
] as const;

beforeAll(() => {
  for (const [name, bytes] of VOLUMES) writeFileSync(join(folder, name), bytes);
});

it.each(VOLUMES)('%s is refused in one line that says what to give instead', async (name, _, format) => {
  await expect(readImage(join(folder, name))).rejects.toMatchObject({
    code: 'BAD_IMAGE',
    message: `${name}: cannot be read as an image: it is ${format}, and ${NO_VOLUMES}`,
  });
});

it('a folder of volumes holds no images, and says why', async () => {
  await expect(findImages(folder)).rejects.toMatchObject({
    code: 'BAD_IMAGE',
    message: expect.stringMatching(
      /: it holds no \.jpg, .*, but \S+, and volumes are not read: save slices as .* tensors from a program of your own$/,
    ),
  });
});
