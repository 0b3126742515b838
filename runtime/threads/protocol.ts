import { type ErrorCode, NmodeError, reason } from '../../graph/common/errors.js';

/** What a thread can be asked: named functions of one argument, all of which can be cloned. */
export type Methods = Readonly<Record<string, (argument: never) => unknown>>;

export interface Request {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly message: string } };

/** Does what a request asks for, and sends the answer. */
export async function answer(
  methods: Methods,
  { id, method, argument }: Request,
  send: (answer: Answer, transfer: ArrayBuffer[]) => void,
): Promise<void> {
  try {
    const value = await methods[method]?.(argument as never);
    // Given away instead of copied: a thread keeps nothing that it has answered.
    send({ id, value }, [...buffersOf(value)]);
  } catch (error) {
    const code = error instanceof NmodeError ? error.code : 'CANNOT_RUN';
    send({ id, error: { code, message: reason(error) } }, []);
  }
}

/** All buffers in a value. */
export function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ReadonlySet<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) buffersOf(part, found);
  }
  return found;
}
