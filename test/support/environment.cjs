const vm = require('node:vm');
const { TestEnvironment } = require('jest-environment-node');

const { createContext, constants } = vm;

/**
 * Jest runs each test file in a VM context with its own `Float32Array`; native bindings (onnxruntime, sharp)
 * check against the host's and refuse tensors of the other realm. Here the context gets the host's.
 * Its global object is a plain one: every `Math` and `Number` looked up through Jest's proxy would take 200 ns.
 */
class HostArraysEnvironment extends TestEnvironment {
  constructor(config, context) {
    vm.createContext = () => createContext(constants.DONT_CONTEXTIFY);
    try {
      super(config, context);
    } finally {
      vm.createContext = createContext;
    }
    for (const type of [
      ArrayBuffer,
      Uint8Array,
      Int8Array,
      Uint16Array,
      Int16Array,
      Uint32Array,
      Int32Array,
      Float32Array,
      Float64Array,
      BigInt64Array,
      BigUint64Array,
    ]) {
      this.global[type.name] = type;
    }
  }
}

module.exports = HostArraysEnvironment;
