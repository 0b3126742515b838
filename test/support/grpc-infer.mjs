/** A client in a process of its own, of the interface file and gRPC's own library: ADDRESS MODEL INPUT OUTPUT, float32 of 1 x 3 x 32 x 32. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const [address, model, input, output] = process.argv.slice(2);
const includeDirs = [fileURLToPath(new URL('../../runtime/server/grpc/protos', import.meta.url))];
const { inference } = grpc.loadPackageDefinition(protoLoader.loadSync('grpc_service.proto', { includeDirs }));
const client = new inference.GRPCInferenceService(address, grpc.credentials.createInsecure());
const request = {
  modelName: model,
  inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 3, 32, 32] }],
  rawInputContents: [readFileSync(input)],
};
client.ModelInfer(request, (error, answer) => {
  if (error) throw error;
  writeFileSync(output, answer.rawOutputContents[0]);
  client.close();
});
