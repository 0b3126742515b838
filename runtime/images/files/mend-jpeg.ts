import { at } from '../../../graph/common/at.js';
import { type Exif, type Mended, readExif } from './exif.js';
import { joined, latin1 } from './formats.js';
import { DAMAGED_PROFILE, isProfile } from './icc.js';
import { isFrame, type JpegSegment, jpegSegments, MARKERS } from './jpeg-segments.js';

/** What decoders take into account of the whole file when they look at a segment. */
interface Jpeg {
  readonly isSequential: boolean;
  /** Undefined where no frame says it. */
  readonly components: number | undefined;
  readonly isJfif: boolean;
  readonly exif: Exif;
  readonly hasDamagedProfile: boolean;
}

/** Something that is wrong with a segment and changes no pixel. */
interface Repair {
  readonly applies: (segment: JpegSegment, jpeg: Jpeg) => boolean;
  /** Puts it right in the segment's data; without, the segment is left out. */
  readonly change?: (data: Uint8Array, jpeg: Jpeg) => void;
  readonly warning?: (jpeg: Jpeg) => string | undefined;
}

/**
 * What is passed over. libjpeg warns of the first three as of damage, but decodes as if what stands here were there; of other
 * warnings ("premature end of data segment", "bad Huffman code", "found marker ... instead of RST", "inconsistent
 * progression sequence") each means that pixels are lost, and so they are refused.
 */
const REPAIRS: readonly Repair[] = [
  // T.81, B.2.3: a sequential scan has all coefficients in full; these bytes tell nothing that a decoder could do otherwise.
  {
    applies: ({ marker, data }, { isSequential }) =>
      isSequential && marker === MARKERS.startOfScan && isWholeScanHeader(data) && !hasAllCoefficients(data),
    change: (data) => data.set(ALL_COEFFICIENTS, data.length - 3),
    warning: () => 'its scan parameters are not those of a sequential JPEG: they are ignored',
  },
  // JFIF 1.02: the number of the revision says nothing of the image data.
  {
    applies: (segment) => isJfif(segment) && segment.data[JFIF_MAJOR] !== 1,
    change: (data) => data.fill(1, JFIF_MAJOR, JFIF_MAJOR + 1),
    warning: () => 'its JFIF revision is unknown: it is read as revision 1',
  },
  // Every decoder takes what Adobe does not define for the usual transform.
  {
    applies: (segment, jpeg) => isAdobe(segment) && !isTransform(segment.data[ADOBE_TRANSFORM], jpeg),
    change: (data, jpeg) => data.fill(usualTransform(jpeg), ADOBE_TRANSFORM, ADOBE_TRANSFORM + 1),
    warning: ({ components }) =>
      `its Adobe colour transform is unknown: it is read as ${components === 4 ? 'YCCK' : 'YCbCr'}`,
  },
  // The image is turned afterwards, by one rule for all platforms.
  {
    applies: (segment, { exif }) => isExif(segment) && (exif.orientation !== 1 || exif.problem !== undefined),
    warning: ({ exif }) => exif.problem,
  },
  // Decoders pass over it.
  {
    applies: (segment, { hasDamagedProfile }) => hasDamagedProfile && isIcc(segment),
    warning: () => DAMAGED_PROFILE,
  },
];

/** Ss, Se, Ah and Al of a scan that has all coefficients at once. */
const ALL_COEFFICIENTS = [0, 63, 0];
const JFIF_MAJOR = 5;
const ADOBE_TRANSFORM = 11;

const isWholeScanHeader = (data: Uint8Array) => data.length > 0 && data.length === 4 + 2 * at(data, 0);
const hasAllCoefficients = (data: Uint8Array) =>
  ALL_COEFFICIENTS.every((value, i) => data[data.length - 3 + i] === value);

/** Whether a segment is of an application by its marker and the name that it begins with, and not cut short. */
const isOf =
  (app: number, name: string, length = name.length) =>
  ({ marker, data }: JpegSegment) =>
    marker === app && data.length >= length && latin1(data, 0, name.length) === name;
const isJfif = isOf(MARKERS.app0, 'JFIF\0', 14);
const isExif = isOf(MARKERS.app1, 'Exif\0');
const isIcc = isOf(MARKERS.app2, 'ICC_PROFILE\0', 14);
const isAdobe = isOf(MARKERS.app14, 'Adobe', 12);

const usualTransform = ({ components }: Jpeg) => (components === 4 ? 2 : 1);

/** Whether a decoder knows it, or does not look at it. */
function isTransform(transform: number | undefined, jpeg: Jpeg): boolean {
  if (jpeg.components !== 4 && (jpeg.components !== 3 || jpeg.isJfif)) return true;
  return transform === 0 || transform === usualTransform(jpeg);
}

function jpegOf(segments: readonly JpegSegment[]): Jpeg {
  const frame = segments.find(({ marker }) => isFrame(marker));
  const profile = segments.filter(isIcc).map(({ data }) => data);
  return {
    isSequential: frame?.marker === MARKERS.startOfFrame0 || frame?.marker === MARKERS.startOfFrame1,
    components: frame?.data[5],
    isJfif: segments.some(isJfif),
    exif: readExif(segments.find(isExif)?.data),
    hasDamagedProfile: profile.length > 0 && !isWholeProfile(profile),
  };
}

/** ICC.1:2022, B.4: after the name, the number of each part from 1 on, and how many there are. */
function isWholeProfile(parts: readonly Uint8Array[]): boolean {
  const sorted = parts.toSorted((a, b) => at(a, 12) - at(b, 12));
  if (!sorted.every((part, i) => part[12] === i + 1 && part[13] === parts.length)) return false;
  const whole = joined(sorted.map((part) => part.subarray(14)));
  return isProfile(whole, whole.length);
}

/** Whether a segment holds nothing that pixels depend on. */
const isIgnored = (marker: number) =>
  (marker >= MARKERS.app0 && marker <= MARKERS.app15) || marker === MARKERS.comment;

/**
 * Where the bytes between two segments may be passed over, how many these are. After tables only zeros are padding: anything
 * else may have been pushed out of a table by a byte too many in it.
 */
function strayBytes({ before }: JpegSegment, previous: JpegSegment | undefined): number {
  const stray = before.filter((byte) => byte !== 0xff);
  const harmless = previous === undefined || isIgnored(previous.marker) || stray.every((byte) => byte === 0);
  return harmless ? stray.length : 0;
}

/** Where what follows the first marker begins. */
const AFTER_START = 2;

/** Puts right what is harmless in a JPEG file, which then has the same image data. */
export function mendJpeg(bytes: Uint8Array): Mended {
  const segments = [...jpegSegments(bytes)];
  const jpeg = jpegOf(segments);
  const strays = segments.map((segment, index) => strayBytes(segment, segments[index - 1]));
  const stray = strays.reduce((sum, count) => sum + count, 0);
  const warnings = new Set(stray === 0 ? [] : [`stray bytes between its segments are passed over: ${stray}`]);
  const parts = [bytes.subarray(0, AFTER_START)];
  let changed = stray > 0;
  for (const [index, segment] of segments.entries()) {
    if (strays[index] === 0) parts.push(segment.before);
    const repairs = REPAIRS.filter(({ applies }) => applies(segment, jpeg));
    for (const { warning } of repairs) {
      const text = warning?.(jpeg);
      if (text !== undefined) warnings.add(text);
    }
    changed ||= repairs.length > 0;
    if (repairs.some(({ change }) => change === undefined)) continue;
    const whole = bytes.subarray(segment.start, segment.end);
    const part = repairs.length > 0 ? whole.slice() : whole;
    for (const { change } of repairs) change?.(part.subarray(4, 4 + segment.data.length), jpeg);
    parts.push(part);
  }
  parts.push(bytes.subarray(segments.at(-1)?.end ?? AFTER_START));
  return {
    bytes: changed ? joined(parts) : bytes,
    orientation: jpeg.exif.orientation,
    warnings: [...warnings],
  };
}
