/** Follows the Huffman codes of a JPEG file's scans without decoding them, to find damage that decoders pass over. */
import { at } from '../../../graph/common/at.js';
import { type Component, damaged, type Frame, pixelsOf, readFrame, uint16 } from './jpeg-frame.js';
import {
  BitReader,
  type HuffmanTable,
  huffmanTables,
  type TableDefinition,
  tableOf,
} from './jpeg-huffman.js';
import { isFrame, jpegSegments, MARKERS } from './jpeg-segments.js';

/** A component in a scan. */
interface Member {
  readonly component: Component;
  readonly dc: HuffmanTable | undefined;
  readonly ac: HuffmanTable | undefined;
}

interface Scan {
  readonly members: readonly Member[];
  readonly isProgressive: boolean;
  /** First and last coefficient. */
  readonly from: number;
  readonly to: number;
  /** Whether it refines what earlier scans told. */
  readonly refines: boolean;
  readonly bits: BitReader;
  /** Blocks that follow which end at once. */
  endOfBand: number;
}

/** Of larger ones no platform reads any; to follow them would take memory. */
const MAX_PIXELS = 100_000_000;

/** As libvips; programs write some ten. */
const MAX_SCANS = 100;

/** Of these, those that refine: each looks at the whole image for a few bytes. */
const MAX_REFINING = 32;

/**
 * Refuses data that end before the image does, codes that there are none of, restart markers that are not the next, and scans
 * that do not follow one another. Browsers pass over all of these; libjpeg warns of most, but not in the last rows. Arithmetic
 * coding is not followed.
 * @throws Error
 */
export function checkScans(bytes: Uint8Array): void {
  const tables = new Map<number, TableDefinition>();
  let frame: Frame | undefined;
  let interval = 0;
  let [scans, refining] = [0, 0];
  const segments = [...jpegSegments(bytes)];
  if (segments.at(-1)?.marker !== MARKERS.endOfImage) throw new Error('it is truncated');
  for (const { marker, data, entropy } of segments) {
    if (isFrame(marker)) {
      if (marker > MARKERS.startOfFrame2) return;
      if (frame !== undefined) throw damaged('there are two frames');
      if (pixelsOf(data) > MAX_PIXELS) return;
      frame = readFrame(data, marker === MARKERS.startOfFrame2);
    } else if (marker === MARKERS.huffmanTables) {
      for (const [id, table] of huffmanTables(data)) tables.set(id, table);
    } else if (marker === MARKERS.restartInterval) {
      // One that is too short is no matter of the image data.
      interval = data.length < 2 ? 0 : uint16(data, 0);
    } else if (marker === MARKERS.startOfScan) {
      if (frame === undefined) throw damaged('a scan comes before its frame');
      // Motion JPEG leaves out the usual tables, which decoders know.
      if (!frame.isProgressive && tables.size === 0) return;
      if (++scans > MAX_SCANS) throw new Error(`it has more than ${MAX_SCANS} scans`);
      const scan = readScan(frame, data, tables, entropy);
      if (scan.refines && ++refining > MAX_REFINING)
        throw new Error(`it has more than ${MAX_REFINING} scans that refine others`);
      followScan(frame, scan, interval);
    }
  }
  const isWhole = frame?.components.every(({ known }) => at(known, 0) >= 0) ?? false;
  if (!isWhole) throw damaged('a scan is missing');
}

/** T.81, B.2.3. */
function readScan(
  { components, isProgressive }: Frame,
  data: Uint8Array,
  tables: ReadonlyMap<number, TableDefinition>,
  entropy: Uint8Array,
): Scan {
  const count = data[0];
  if (count === undefined || data.length !== 4 + 2 * count || count < 1 || count > 4)
    throw damaged('a scan header');
  const table = (id: number) => {
    const definition = tables.get(id);
    return definition && tableOf(definition);
  };
  const members = Array.from({ length: count }, (_, i) => {
    const [id, selectors] = [at(data, 1 + 2 * i), at(data, 2 + 2 * i)];
    const component = components.find((known) => known.id === id);
    if (component === undefined) throw damaged('a scan of a component that the frame does not have');
    return { component, dc: table(selectors >> 4), ac: table(0x10 | (selectors & 15)) };
  });
  const last = data.length - 3;
  const [from, to, approximation] = [at(data, last), at(data, last + 1), at(data, last + 2)];
  if (from > to || to > 63) throw damaged('a scan header');
  const [high, low] = [approximation >> 4, approximation & 15];
  if (isProgressive) checkProgression(members, { from, to, high, low });
  else for (const { component } of members) component.known.fill(0);
  const scan = { members, isProgressive, from, to, refines: isProgressive && high > 0 };
  return { ...scan, bits: new BitReader(entropy), endOfBand: 0 };
}

/** As libjpeg does: each scan goes on where those before it ended. */
function checkProgression(
  members: readonly Member[],
  { from, to, high, low }: Readonly<Record<'from' | 'to' | 'high' | 'low', number>>,
): void {
  if ((from === 0 ? to !== 0 : members.length !== 1) || (high > 0 && low !== high - 1) || low > 13)
    throw damaged('a scan header');
  for (const { component } of members) {
    const { known } = component;
    const isNext = known.subarray(from, to + 1).every((bit) => Math.max(bit, 0) === high);
    if (!isNext || (from > 0 && at(known, 0) < 0)) throw damaged('its scans do not follow one another');
    known.fill(low, from, to + 1);
  }
}

/** T.81, A.2: a scan of one component has its own blocks, one of several whole MCUs. */
function followScan({ mcusAcross, mcusDown, components }: Frame, scan: Scan, interval: number): void {
  const { members, bits, isProgressive, refines } = scan;
  const { component } = at(members, 0);
  const alone = members.length === 1;
  const [across, down] = alone ? [component.blocksAcross, component.blocksDown] : [mcusAcross, mcusDown];
  const units = across * down;
  for (let unit = 0; unit < units; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) {
      bits.restart(unit / interval - 1);
      scan.endOfBand = 0;
    }
    if (scan.endOfBand > 0) {
      const end = interval > 0 ? Math.min(units, unit - (unit % interval) + interval) : units;
      const last = Math.min(end, unit + scan.endOfBand);
      const next = refines ? nextFilled(component, unit, last) : last;
      const passed = next - unit;
      if (passed > 0) {
        scan.endOfBand -= passed;
        unit += passed - 1;
        continue;
      }
    }
    const row = Math.floor(unit / across);
    const column = unit % across;
    for (const member of members) {
      if (alone) followBlock(scan, member, row * component.stride + column);
      else followMcu(scan, member, row, column);
    }
  }
  // Whoever has all in one scan does not look for another; what follows it is padding as often as damage.
  if ((isProgressive || members.length < components.length) && bits.hasMore) throw damaged('they do not end');
}

/** The first block of a component's own scan, of those from one to another, that refining takes bits for. */
function nextFilled({ filled, stride, blocksAcross }: Component, unit: number, end: number): number {
  const blockOf = (of: number) => Math.floor(of / blocksAcross) * stride + (of % blocksAcross);
  const first = blockOf(unit);
  const found = filled.subarray(first, blockOf(end)).indexOf(1);
  if (found < 0) return end;
  return Math.floor((first + found) / stride) * blocksAcross + ((first + found) % stride);
}

function followMcu(scan: Scan, member: Member, row: number, column: number): void {
  const { across, down, stride } = member.component;
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++)
      followBlock(scan, member, (row * down + y) * stride + column * across + x);
  }
}

function followBlock(scan: Scan, { component, dc, ac }: Member, block: number): void {
  const { bits, from, refines } = scan;
  if (!scan.isProgressive) {
    bits.skip(bits.symbol(dc));
    followBand(bits, ac);
  } else if (from === 0) {
    bits.skip(refines ? 1 : bits.symbol(dc));
  } else if (refines) refineBand(scan, ac, component, block);
  else firstBand(scan, ac, component, block);
}

/** T.81, F.2.2.2. */
function followBand(bits: BitReader, ac: HuffmanTable | undefined): void {
  for (let k = 1; k < 64; k++) {
    const symbol = bits.symbol(ac);
    if ((symbol & 15) === 0 && symbol !== RUN_OF_ZEROS) return;
    k += symbol >> 4;
    bits.skip(symbol & 15);
  }
}

/** Sixteen zeros; any other symbol without a size ends the band. */
const RUN_OF_ZEROS = 0xf0;

const isSet = (flags: Uint8Array, place: number) =>
  (((flags[place >> 3] as number) >> (place & 7)) & 1) === 1;
const set = ({ nonzero, filled }: Component, block: number, k: number) => {
  const place = 64 * block + k;
  nonzero[place >> 3] = (nonzero[place >> 3] as number) | (1 << (place & 7));
  filled[block] = 1;
};

/** T.81, G.1.2.2. */
function firstBand(scan: Scan, ac: HuffmanTable | undefined, component: Component, block: number): void {
  const { bits, from, to } = scan;
  for (let k = from; k <= to; k++) {
    const symbol = bits.symbol(ac);
    const run = symbol >> 4;
    const size = symbol & 15;
    if (size === 0 && symbol !== RUN_OF_ZEROS) {
      scan.endOfBand = (1 << run) - 1 + bits.read(run);
      return;
    }
    k += run;
    bits.skip(size);
    if (size > 0 && k < 64) set(component, block, k);
  }
}

/** T.81, G.1.2.3. */
function refineBand(scan: Scan, ac: HuffmanTable | undefined, component: Component, block: number): void {
  const { bits, to } = scan;
  const isFilled = (k: number) => isSet(component.nonzero, 64 * block + k);
  let k = scan.from;
  for (; scan.endOfBand === 0 && k <= to; k++) {
    const symbol = bits.symbol(ac);
    const size = symbol & 15;
    let run = symbol >> 4;
    if (size > 1) throw damaged('an invalid code');
    if (size === 0 && symbol !== RUN_OF_ZEROS) {
      scan.endOfBand = (1 << run) + bits.read(run);
      break;
    }
    bits.skip(size);
    // Past as many zeros as the run says; what is not zero has a bit more.
    for (; k <= to; k++) {
      if (isFilled(k)) bits.skip(1);
      else if (--run < 0) break;
    }
    if (size > 0 && k <= to) set(component, block, k);
  }
  if (scan.endOfBand === 0) return;
  for (; k <= to; k++) if (isFilled(k)) bits.skip(1);
  scan.endOfBand--;
}
