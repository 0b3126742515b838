import { expect, it } from '@jest/globals';
import { runtimeFailure } from '../../runtime/sessions/wrap-session.js';

it.each([
  [
    'Status Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:360 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory',
    'Status Message: Failed to allocate memory',
  ],
  [
    '/onnxruntime_src/onnxruntime/core/graph/model_load_utils.h:46 void onnxruntime::model_load_utils::ValidateOpsetForDomain(const std::unordered_map<std::__cxx11::basic_string<char>, int>&, bool, int) Opset 300 is under development',
    'Opset 300 is under development',
  ],
])('what onnxruntime says is told without its source files and functions', (said, told) => {
  expect(runtimeFailure(new Error(said))).toMatchObject({
    code: 'CANNOT_RUN',
    message: `onnxruntime: ${told}`,
  });
});
