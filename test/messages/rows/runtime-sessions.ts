import type { Conditions } from '../conditions.js';

export const RUNTIME_SESSIONS: Conditions = {
  'runtime/node/run-memory.ts': {
    '…: a run on …x… pixels holds … GB of feature maps at once, and … GB of memory may be used: run it where there is more, or export the network with a smaller size':
      'inputs and activations that are held at once, counted at the size of a run, are more bytes than this process may use',
  },
  'runtime/node/sessions/adapter.ts': {
    'the process that tried it ended (…)':
      'a driver ends the process that tries WebGPU, or takes longer than a minute',
    'exit code …': 'that process ends by itself without a word',
  },
  'runtime/node/sessions/providers.ts': {
    "provider 'auto' stands alone, not in a list": 'a list of providers has an entry auto',
    "provider '…' is unknown: choose … or auto":
      'the name is not one of the table, or what follows its colon is not a number of at most three digits',
    "provider '…': … has no numbered devices": 'a device is named of a provider that the table gives none',
    "providers: expected 'auto' or a list, for example ['cuda', 'cpu']":
      'a program gives something for providers that is neither the text auto nor an array',
    'no provider is named': 'the list of providers is empty',
  },
  'runtime/common/buffers.ts': {
    '…: its buffer was transferred or has shrunk, and is empty: pass the data in another buffer':
      'a view of no bytes cannot be read, as its buffer is detached or ends before it',
  },
  'runtime/node/threads/serve.ts': {
    'not in a thread': "a thread's module is loaded by the main thread",
  },
  'runtime/sessions/own-inputs.ts': {
    'expected inputs by their names, as in { image: { dims, data } }, found …':
      'a program gives something for inputs that is no object, or one of a kind of its own, such as an array',
    ' or ': 'joins the types that the array of a tensor may hold',
    "input '…'": 'the name by which messages call an input',
    "no … is named '…'…": 'a program names an input or output that the model does not declare',
    '… is missing: expected ……': 'an input that the model declares is undefined',
    '…: expected { dims, data }, found …': 'the dims or the data of an input are undefined',
    '…: its dims are …, expected whole numbers from 0 on':
      'the dims of an input are no array of such numbers',
    '…: its data are …, expected a typed array, or an array of strings':
      'the data of an input are neither a typed array of a type of ONNX nor an array of strings',
    '… is […], the model takes […]':
      'the rank or a fixed size of an input is another than the model declares, which is no scalar',
    '…: its data cannot be read: …':
      "the getter of a tensor's data throws: onnxruntime's, of one that was disposed of or is on a graphics card",
    '… is said to be …, and its data are …':
      'the type of a tensor is not one of those that the array of its data holds',
    '… has … elements, expected … for […]':
      'the product of the dims of an input is not the length of its data',
    '… is given as …, the model takes …':
      'the model declares an input of a type that has an array, and it is given as another',
    "the buffers of the inputs cannot be transferred (…): run without 'transfer'":
      'structuredClone refuses to transfer a buffer: shared memory, or one that its owner keeps',
  },
  'runtime/sessions/probe.ts': {
    "input '…' takes […], more than can be tried":
      'with 1 and 128 for what is open, an input has more than 2^28 elements, where a model is tried or warmed up',
    "input '…' is …, with which no model can be tried":
      'a model with an input of text or of a type that no array holds is tried or warmed up',
    "its answer to a test input differs from the CPU's by … where … is allowed: the driver may be at fault":
      "on noise, the provider's answer is further from the CPU's than its arithmetic explains",
  },
  'runtime/sessions/queue.ts': {
    'the session is closed': 'a run is asked of a session that was closed, or still waits when it is',
  },
  'runtime/sessions/session-methods.ts': {
    'no session is open': 'a thread is asked to run where no model was opened or it was released',
  },
  'runtime/sessions/session.ts': {
    "output '…' is …, expected …": 'an output came in another type than the run was asked for',
    '… …: expected a whole number from 1 to 1024':
      'the number of workers or threads is no whole number from 1 to 1024',
    'slower than the CPU: … ms against … ms':
      'with auto, the second run on noise took an accelerator longer than it took the CPU',
  },
  'runtime/sessions/wrap-session.ts': {
    'onnxruntime: …: load the model again':
      'onnxruntime lost the device or its WebAssembly failed, so that this session runs no more',
    'onnxruntime: …': 'onnxruntime refuses to open a model or to run it, in its own words',
    'it failed without a message': 'nothing is left of what onnxruntime says without its source files',
    "output '…' is …, expected elements of whole bytes": 'an output came in int4 or uint4',
  },
  'runtime/threads/thread.ts': {
    'a buffer was transferred before': 'an ArrayBuffer that is given away to a thread is detached',
    'cannot be given to a thread: …':
      'an argument cannot be cloned or transferred: a function, or a buffer given away before',
    '… is closed': 'what runs in the thread was closed before the call',
  },
  'src/parity/pair.ts': {
    'the reference has no tensor for …: it holds …; give tensors these names, or leave only the input and the outputs in it':
      'inputs or outputs have no tensor of their name, and there is not one input, one output and one tensor left for each',
    "the reference '…' holds NaN, with which nothing can be compared":
      'a tensor of the reference that was paired holds NaN',
    ' and ': 'several inputs or outputs have no tensor',
    "the reference '…' is …, expected floating-point numbers":
      'a tensor of the reference that was paired was not stored in a floating-point type',
  },
  'src/parity/parity.ts': {
    "the reference '…' is […], the model's … […]": 'an output that was run has another shape than its tensor',
    "the reference '…' is […], the model's … […] or a multiple of its batch: make a reference of that size…":
      "an input's tensor has another rank or a fixed size is another, the first one not a multiple",
    ', or export the model with … …, or for any size with `exportModel({ size: {} })`':
      'of the shape of the reference, only sizes in space differ',
  },
};
