"""A client of Debian's python3-grpcio, of stubs made from the interface files: STUBS ADDRESS INPUT OUTPUT. Prints what it saw, as JSON."""

import json
import sys

import grpc

stubs, address, source, target = sys.argv[1:]
sys.path.insert(0, stubs)
import grpc_service_pb2 as messages  # noqa: E402
import grpc_service_pb2_grpc as services  # noqa: E402
import health_pb2 as health  # noqa: E402

channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", -1)])
service = services.GRPCInferenceServiceStub(channel)
check = channel.unary_unary(
    "/grpc.health.v1.Health/Check",
    request_serializer=health.HealthCheckRequest.SerializeToString,
    response_deserializer=health.HealthCheckResponse.FromString,
)
with open(source, "rb") as file:
    tensor = file.read()


def request(model="model", **fields):
    entry = messages.ModelInferRequest.InferInputTensor(name="input", datatype="FP32", shape=[1, 3, 32, 32])
    return messages.ModelInferRequest(model_name=model, inputs=[entry], **fields)


def code(call):
    try:
        call()
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


seen = {}
seen["health"] = health.HealthCheckResponse.ServingStatus.Name(check(health.HealthCheckRequest()).status)
seen["ready"] = service.ModelReady(messages.ModelReadyRequest(name="model")).ready
metadata = service.ModelMetadata(messages.ModelMetadataRequest(name="model"))
seen["inputs"] = [[port.name, port.datatype, list(port.shape)] for port in metadata.inputs]
raw = service.ModelInfer(request(raw_input_contents=[tensor]))
with open(target, "wb") as file:
    file.write(raw.raw_output_contents[0])

import struct  # noqa: E402

typed = request()
typed.inputs[0].contents.fp32_contents.extend(struct.unpack(f"<{len(tensor) // 4}f", tensor))
numbers = service.ModelInfer(typed).outputs[0].contents.fp32_contents
seen["typed"] = struct.pack(f"<{len(numbers)}f", *numbers) == raw.raw_output_contents[0]
seen["unknown"] = code(lambda: service.ModelInfer(request("none", raw_input_contents=[tensor])))
seen["wrong"] = code(lambda: service.ModelInfer(request(raw_input_contents=[b"1234"])))
seen["large"] = code(lambda: service.ModelInfer(request(raw_input_contents=[bytes(3_000_000)])))
seen["late"] = code(lambda: service.ModelInfer(request(raw_input_contents=[tensor]), timeout=1e-4))
seen["stream"] = code(lambda: list(service.ModelStreamInfer(iter([request()]))))
seen["gzip"] = code(
    lambda: service.ModelInfer(request(raw_input_contents=[tensor]), compression=grpc.Compression.Gzip)
)
future = service.ModelInfer.future(request(raw_input_contents=[tensor]))
future.cancel()
seen["cancelled"] = future.cancelled()
counted = service.ModelStatistics(messages.ModelStatisticsRequest(name="model")).model_stats[0]
seen["counted"] = counted.inference_stats.success.count >= 2
print(json.dumps(seen))
