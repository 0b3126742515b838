import { expect } from '@jest/globals';
import { type ErrorCode, NmodeError } from '../../graph/common/errors.js';
import { Random } from './random.js';

/** Something that reads what strangers send, and how to make such. */
export interface FuzzedReader {
  readonly name: string;
  /** The codes with which it may refuse. */
  readonly codes: readonly ErrorCode[];
  /** What a refusal says where not even the first check of the header is passed. */
  readonly first: RegExp;
  /** Prepares what cases are made of. */
  prepare?(): Promise<void>;
  /** One input, which is valid or nearly so. */
  make(random: Random): Uint8Array;
  /** Reads all of it. Throws, or rejects with, a refusal. */
  read(input: Uint8Array): unknown;
}

/** What a reader may keep beside its input: a fixed part, and a multiple. Decoded, a field takes some hundred bytes. */
const MAX_FIXED_BYTES = 2 ** 25;
const MAX_EXPANSION = 200;

/** What a refusal in words of its own never says: the words of a programming error. */
const BUG =
  /\bundefined\b|is not a function|not iterable|Cannot (read|set|convert|mix)|Invalid (typed array|array|string) length|outside the bounds|call stack|must be an instance|of type (function|string|number)\b.*Received/;

/**
 * Gives a reader `cases` inputs: each is read, or refused with a code and a line of the package's own, in a bounded memory.
 * FUZZ_SEED makes others; FUZZ_CASE runs a single one.
 */
export async function fuzz(reader: FuzzedReader, cases: number): Promise<void> {
  const { FUZZ_SEED: seed = '1', FUZZ_CASE: only } = process.env;
  await reader.prepare?.();
  const numbers = only === undefined ? Array.from({ length: cases }, (_, at) => at) : [Number(only)];
  let [past, read] = [0, 0];
  for (const at of numbers) {
    const input = reader.make(new Random(reader.name, seed, at));
    const before = held();
    const refusal = await refusalOf(reader, input);
    const grown = held() - before;
    const problem = fault(reader, refusal) ?? memoryFault(grown, input.length);
    if (problem !== undefined) {
      const sample = Buffer.from(input.subarray(0, 400)).toString('base64');
      throw new Error(
        `${reader.name}: ${problem}\nrun it alone: FUZZ_SEED=${seed} FUZZ_CASE=${at} npm test -- test/fuzz -t '${reader.name}'\n${input.length} bytes: ${sample}`,
        { cause: refusal },
      );
    }
    if (refusal === undefined) read++;
    if (!(refusal instanceof Error && reader.first.test(refusal.message))) past++;
  }
  const share = (count: number) => `${Math.round((100 * count) / numbers.length)} %`;
  process.stderr.write(
    `fuzz ${reader.name}: ${numbers.length} cases, ${share(past)} past the first check, ${share(read)} read\n`,
  );
  if (only === undefined) expect(past / numbers.length).toBeGreaterThanOrEqual(0.3);
}

async function refusalOf(reader: FuzzedReader, input: Uint8Array): Promise<unknown> {
  try {
    await reader.read(input);
    return undefined;
  } catch (error) {
    return error;
  }
}

function held(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** What is wrong with how an input was refused. */
function fault({ codes }: FuzzedReader, refusal: unknown): string | undefined {
  if (refusal === undefined) return undefined;
  if (!(refusal instanceof NmodeError)) return `not refused but failed: ${stackOf(refusal)}`;
  if (!codes.includes(refusal.code)) return `refused with ${refusal.code}: ${refusal.message}`;
  if (BUG.test(refusal.message)) return `refused in a program's words: ${stackOf(refusal.cause ?? refusal)}`;
  return /[\n\r]/.test(refusal.message) ? `refused in several lines: ${refusal.message}` : undefined;
}

const stackOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

function memoryFault(grown: number, length: number): string | undefined {
  if (grown <= MAX_FIXED_BYTES + MAX_EXPANSION * length) return undefined;
  return `${grown} bytes are kept for an input of ${length}`;
}
