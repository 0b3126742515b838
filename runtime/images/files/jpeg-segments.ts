import { at } from '../../../graph/common/at.js';
import { uint16 } from './jpeg-frame.js';

/** Markers of ITU-T T.81, table B.1. */
export const MARKERS = {
  startOfFrame0: 0xc0,
  startOfFrame1: 0xc1,
  startOfFrame2: 0xc2,
  huffmanTables: 0xc4,
  restart0: 0xd0,
  restart7: 0xd7,
  startOfImage: 0xd8,
  endOfImage: 0xd9,
  startOfScan: 0xda,
  restartInterval: 0xdd,
  app0: 0xe0,
  app1: 0xe1,
  app2: 0xe2,
  app14: 0xee,
  app15: 0xef,
  comment: 0xfe,
} as const;

export interface JpegSegment {
  readonly marker: number;
  /** Where its marker begins, and where what follows it does: for a scan, after its image data. */
  readonly start: number;
  readonly end: number;
  /** What it holds beside marker and length. */
  readonly data: Uint8Array;
  /** The image data of a scan, with its restart markers. */
  readonly entropy: Uint8Array;
  /** Bytes before it that belong to nothing; FF may fill the place before any marker. */
  readonly before: Uint8Array;
}

const NOTHING = new Uint8Array();

const damaged = () => new Error('its segments are damaged');

/** Whether a frame header: C0 to CF, but for Huffman tables, an extension and arithmetic conditioning. */
export const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

const isRestart = (marker: number) => marker >= MARKERS.restart0 && marker <= MARKERS.restart7;

/** Programs write some dozens, and scans of progressive images as many. */
const MAX_SEGMENTS = 65_536;

/**
 * The segments of a JPEG file after its first marker, up to its end or to where the file is cut short.
 * @throws Error for what is no segment, and for more of these than any program writes
 */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment, void, undefined> {
  for (let from = 2, count = 0; ; count++) {
    if (count === MAX_SEGMENTS) throw new Error(`it has more than ${MAX_SEGMENTS} segments`);
    const start = nextMarker(bytes, from);
    if (start === undefined) return;
    const marker = at(bytes, start + 1);
    const before = bytes.subarray(from, start);
    if (marker === MARKERS.endOfImage) {
      yield { marker, start, end: start + 2, data: NOTHING, entropy: NOTHING, before };
      return;
    }
    // These have no length, and no place but in image data.
    if (marker === 0x01 || isRestart(marker) || marker === MARKERS.startOfImage) throw damaged();
    if (start + 4 > bytes.length) return;
    const length = uint16(bytes, start + 2);
    const dataEnd = start + 2 + length;
    if (length < 2) throw damaged();
    if (dataEnd > bytes.length) return;
    const end = marker === MARKERS.startOfScan ? entropyEnd(bytes, dataEnd) : dataEnd;
    const data = bytes.subarray(start + 4, dataEnd);
    yield { marker, start, end, data, entropy: bytes.subarray(dataEnd, end), before };
    from = end;
  }
}

/** Where the next marker begins: the last of the FF bytes that may fill the place before it. */
function nextMarker(bytes: Uint8Array, from: number): number | undefined {
  for (let place = bytes.indexOf(0xff, from); place >= 0; place = bytes.indexOf(0xff, place + 1)) {
    const next = bytes[place + 1];
    if (next === undefined) return undefined;
    if (next !== 0xff && next !== 0) return place;
  }
  return undefined;
}

function entropyEnd(bytes: Uint8Array, from: number): number {
  let end = nextMarker(bytes, from);
  while (end !== undefined && isRestart(at(bytes, end + 1))) end = nextMarker(bytes, end + 2);
  return end ?? bytes.length;
}
