const { TestEnvironment } = require('jest-environment-node');

/**
 * Jest runs each test file in a VM context with its own `Float32Array`; native bindings (onnxruntime, sharp)
 * check against the host's and refuse tensors of the other realm. Here the context gets the host's.
 */
class HostArraysEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
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
