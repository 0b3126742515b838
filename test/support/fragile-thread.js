/** A thread that is lost in whichever way it is asked to be. */
import { getPriority } from 'node:os';
import { threadId } from 'node:worker_threads';
import { serve } from '../../dist/runtime/node/threads/serve.js';

const never = () => new Promise(() => {});

const methods = {
  warmUp: () => {},
  echo: (value) => value,
  priority: () => getPriority(),
  id: () => threadId,
  never,
  /** As a run of onnxruntime that does not end. */
  block: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  exit: () => process.exit(3),
  fail: () => {
    setImmediate(() => {
      throw new Error('nobody caught it');
    });
    return never();
  },
  failWithText: () => {
    setImmediate(() => {
      throw 'a text';
    });
    return never();
  },
  /** An answer whose memory is gone: Node 20 sends it, and it cannot be read. */
  answerNothing: () => {
    const numbers = new Float32Array(4);
    structuredClone(numbers, { transfer: [numbers.buffer] });
    return numbers;
  },
  release: () => {},
  /** As a session does: answers numbers, or does what a text says. */
  run: ({ inputs }) => {
    const { data } = inputs.x;
    return typeof data[0] === 'string'
      ? methods[data[0]]()
      : { outputs: { y: { dims: [data.length], data } } };
  },
};

serve(methods);
