import type { Conditions } from '../conditions.js';

export const RUNTIME_SERVER: Conditions = {
  'runtime/server/scheduling/first-runs.ts': {
    "input '…' is …, expected …":
      'a model that is to be served has an input of a type that the protocol does not carry here',
    "output '…' is …, expected float32": 'a model that is to be served has an output of another type',
  },
  'runtime/server/scheduling/batch.ts': {
    "output '…' has … rows for …":
      'an output of a batch has another first size than all requests in it together',
  },
  'runtime/server/data-plane.ts': {
    "model '…' is not loaded":
      'the server was given a model of that name, which was refused or unloaded, and is not being loaded',
    "model '…' is loading: try again later":
      'the server was given a model of that name, which is not loaded and will be: it begins, or was told to load it',
    'the server is shutting down: try again later':
      'a load or an unload has not begun when the server drains',
    'several models are served, name one: /v1/models/{…}/segment':
      'a request names no model, and the server was given more than one',
    "Request for unknown model: '…'… is not found":
      'the server was given no model of that name, or serves no such version',
    ' version …': 'the request names a version',
  },
  'runtime/server/rest/accept-header.ts': {
    "Accept is '…': give image/png, image/png;view=mask, image/png;view=overlay, image/png;view=labels or application/json":
      'no range of the header fits what is given, or its weight is 0',
  },
  'runtime/server/core.ts': {
    'the server is shutting down: try again later':
      'a request that is neither for health nor metrics comes once the server drains',
    '… requests are already in progress': 'as many requests are under way as --max-requests says',
  },
  'runtime/server/rest/bodies/bodies.ts': {
    'the body comes in chunks of less than … bytes: send larger ones':
      'of more than 4096 chunks, the mean is shorter than that',
    'the body is larger than the … bytes that are accepted':
      'Content-Length, or what came without it, is beyond --max-body-mb, or 65536 bytes for the repository',
    'the JSON is larger than the … bytes that are accepted: send tensors as bytes behind it (binary_data_size)':
      'the body of an infer request, or the part of it that is told to be JSON, is beyond --max-json-mb',
  },
  'runtime/server/rest/connections/conduct.ts': {
    'the request has … Host headers, expected one':
      'a request of HTTP/1.1 has none, or a request of any version has several',
    "Transfer-Encoding is '…', expected chunked": 'the header names another coding, alone or besides',
    "Content-Encoding is '…': bodies are not decompressed":
      'the header Content-Encoding is other than identity',
    "Expect is '…', expected 100-continue": 'the header Expect has another value',
    '… is not supported for …, expected …':
      'routes have the path of the request, and none of them its method',
    'there is nothing at … …': 'no route has the path of the request, or the page has no such file',
  },
  'runtime/server/rest/bodies/json-length.ts': {
    "Inference-Header-Content-Length is '…', expected a number of bytes of 1 to 15 digits":
      'the header is anything else, or comes several times',
  },
  'runtime/server/admission/tokens.ts': {
    'a bearer token is required':
      'a request but for health or the page has none of the tokens of --token-file',
  },
  'runtime/server/failures.ts': {
    'the client disconnected':
      'the connection ended or failed before the whole body came, or closed before the answer was written or a load or an unload had its turn',
  },
  'runtime/server/rest/bodies/multipart.ts': {
    "'…' of the form is not a file: options go into the query, as in ?threshold=0.4":
      'a part of the form has neither a file name nor the type application/octet-stream',
    'the form has several files: send one image a request': 'a second file comes in the form',
    'the form has more than … files: send one image a request, a file for each of its channels':
      'the model takes several channels that are no colours, and more files come than these',
    'the form cannot be read: …': 'the multipart body is malformed, or has no file',
    'it has no file': 'the form ended without a part',
    'it ends before its last boundary': 'no further line of the boundary follows a part, or there is none',
    'the headers of a part do not end': 'no empty line comes within the first 16 KiB of a part',
    'a part has no name': 'a part has no Content-Disposition of form-data with a name',
    'Content-Type is multipart/form-data without a boundary': 'the parameter boundary is absent or empty',
  },
  'runtime/server/rest/bodies/json.ts': {
    "'…' is not …": 'a field of the request, known to the protocol, is there and of another JSON type',
    'failed to parse the request JSON: …': 'the JSON of the body is no UTF-8, no JSON, or out of proportion',
    'failed to parse the request JSON: it is not an object':
      'the JSON of the body is a list, a text, a number or null',
    'failed to parse the request JSON: it has …': 'a bound of the structure of JSON is passed',
    'a text of more than … bytes': 'a name or a text in the JSON is longer than 65536 bytes',
    'more than … names and texts': 'the JSON has more than 65536 of them',
    'more than … levels': 'lists and objects lie in one another deeper than 16',
    'more than … lists and objects': 'the JSON has more than 2^21 of them',
  },
  'runtime/server/admission/memory.ts': {
    '… of … bytes for bodies and responses are in use':
      'a request of more than 1 MiB, with its answer, does not fit beside what others hold of --max-inflight-mb',
  },
  'runtime/server/rest/v2-answer.ts': {
    'output \'…\' has infinite or NaN values, which JSON cannot represent: request it with "binary_data": true':
      'an output that is wanted as JSON holds NaN or infinity',
  },
  'runtime/server/rest/infer.ts': {
    'tensors are expected here, as JSON or as bytes behind JSON…':
      'the body of an infer request is a form, or begins as an image does and no length of JSON is told',
    ': images go to /v1/models/…/segment': 'the model segments images',
  },
  'runtime/server/rest/segment.ts': {
    "'…' is given more than once": 'the query has several values of one name',
    "'…' is not one of …": 'the query has another name',
    "'…' is not a number: expected decimal notation, as in 0.5":
      'threshold or min_area is empty, or another text than a finite number in decimal notation',
    "'…' is neither true nor false": 'fill_holes or largest_component is another text',
    'the image': 'what messages call the body, or the only file of a form',
    'file … of the image': 'what messages call one of several files of a form',
    '…: it is empty: send it as the body, or as the file of a form':
      'the body or the file of the form has no byte',
  },
  'runtime/server/rest/v2.ts': {
    'Inference-Header-Content-Length is …, and the body has … bytes':
      'the header tells more bytes than the body has',
    "the request has no 'inputs'": 'inputs is absent or an empty array',
    "input '…' is given twice": 'two entries of inputs have one name',
    "input '…' takes … bytes, … are left": 'binary_data_size of an input is beyond the bytes after the JSON',
    '… bytes follow the last input': 'bytes after the JSON are left once all inputs took theirs',
    "an entry of 'inputs' is not an object": 'an entry of inputs is a list, a text, a number or null',
    "an input has no 'name'": 'an entry of inputs has no field name',
    "input '…': 'shape' is not a list of sizes":
      'shape is absent, or holds what is no whole number of at least 0',
    "input '…' has no 'data'": 'neither data nor binary_data_size is there',
    "input '…' is FP16, which JSON cannot represent: send it as bytes (binary_data_size)":
      'an input of a model that takes halves has its values in the JSON',
    "input '…' has both 'data' and 'binary_data_size'": 'values are given in the JSON and after it',
    "input '…': a value of 'data' is no …":
      'a value is not a number or, of bytes, no whole number from 0 to 255',
    "input '…': 'data' has more than the … values of its shape":
      'more values come than the shape has elements',
    "input '…': a value of 'data' is beyond the range of FP32":
      'a number of the JSON is infinite once it is a float32',
    "input '…': 'data' has … values, expected …": 'fewer values came than the shape has elements',
    "an entry of 'outputs' has no 'name'": 'an entry of outputs is not an object or has no field name',
    "output '…' is asked for twice": 'two entries of outputs have one name',
    'a string': 'what the protocol has for id, name or datatype',
    'an array': 'what the protocol has for inputs, outputs, shape or data',
    'a number of classes': 'what the protocol has for classification',
    "input '…': 'data' is neither flat nor nested as its shape […]":
      'lists in data have other lengths or depths than the shape, or flat data hold a list',
  },
  'runtime/server/protocol/classification.ts': {
    "output '…' […] cannot be classified, expected a score for each class, as [1, 10]: ask for it without 'classification'":
      'classes are wanted of an output that has another rank than two, but for sizes of 1 behind, or more than 65536 classes',
  },
  'runtime/server/protocol/datatypes.ts': {
    "input '…': 'shape' has … sizes, at most … are accepted": 'shape has more than 32 entries',
    "unexpected inference input '…'": 'the model has no input of that name',
    "inference input '…' is …, which is not served: … are": "the model's input is of another type than these",
    "inference input '…' data-type is …, expected '…'":
      "the datatype is absent or other than that of the model's input",
    "input '…' has … elements, at most … are accepted":
      'the shape of one input has more elements than --max-elements',
    "input '…': unexpected total byte size …, expected … for […]":
      'the bytes of an input, or its binary_data_size, are not the elements of the shape times the bytes of one',
  },
  'runtime/server/protocol/repository.ts': {
    "… '…' is not supported, expected …":
      'the body of a load, an unload or the index has a field or a parameter besides these',
    "'unload_dependents' is not true or false": 'the parameter of an unload has a value of another type',
  },
  'runtime/server/protocol/shared-memory.ts': {
    '… is in a shared memory region, and shared memory is not supported: send tensors with the request':
      'an input, or an output that is asked for, has a parameter of the shared memory extensions',
    "failed to register shared memory region '…': shared memory is not supported: send tensors with requests":
      'a client registers a region of system or CUDA shared memory',
  },
  'runtime/server/grpc/exchange.ts': {
    'the message did not come within … ms':
      'the one message of a call was not whole within the time that its client gives, or within a minute',
  },
  'runtime/server/grpc/messages.ts': {
    'the message is compressed: send it as it is': 'the first byte before a message is not 0',
    'the message has … bytes, at most … are accepted':
      'the length before a message is beyond --max-body-mb, or 65536 bytes for what brings no tensors',
    'the call has no message, expected one': 'a call of one message ends without any',
    'the call has several messages, expected one': 'a second message comes in a call of one',
    'more than … messages come at once': 'more messages of a stream wait to be answered',
  },
  'runtime/server/grpc/method.ts': {
    'the message cannot be read: …': 'the bytes are no message of the type that the method takes',
  },
  'runtime/server/grpc/app.ts': {
    "grpc-timeout is '…', expected up to 8 digits and a unit, as in 500m":
      'the header has more digits, or none, or another unit than H, M, S, m, u, n',
    "grpc-encoding is '…': only uncompressed messages are accepted": 'the header names a coding but identity',
    "there is no method '…'": 'no service has a method of that path',
  },
  'runtime/server/grpc/inference.ts': {
    '… is not supported…':
      'the interface has the method and this server has not: streams of requests, traces, settings of logs',
    ': send each request to ModelInfer': 'the method is ModelStreamInfer',
  },
  'runtime/server/grpc/health.ts': {
    "there is no service '…', expected '' or '…'": 'the health of a service is asked for that is not served',
    '… clients watch its health': 'so many calls of Watch are open already',
  },
  'runtime/server/grpc/parameters.ts': {
    'the request has more than … parameters of one kind':
      'a request, an input or an output has more than 64 parameters',
    "'…' is not true or false": 'a parameter that is a switch has a value of another type',
    "'…' is not a number": 'a parameter that is a number has a value of another type',
    "'…' is not …": 'a parameter that is a count has a text, a fraction or a negative number',
  },
  'runtime/server/grpc/interfaces.ts': {
    'no interface has …': 'never: paths are those of the interface files themselves',
  },
  'runtime/server/grpc/wire.ts': {
    'wire type …': 'a field of a message is a group, or of a type that protobuf has not',
    'packed numbers beyond the end': 'the length of packed numbers is beyond the end of their message',
  },
  'runtime/server/grpc/segment.ts': {
    "'…' is not one of …": 'a request with an image has a parameter besides these',
    'the image has … files, and the model takes 1…':
      'no file comes, or more than the model has channels that are no colours',
    ' to …': 'the model takes several channels that are no colours',
    'the image has a file that is empty': 'an element of the image has no bytes',
  },
  'runtime/server/grpc/contents.ts': {
    "input 'image' has more than … files": 'more than 64 elements come as the files of one image',
    "input 'image' ends in the middle of an element":
      'the length before an element is beyond the end of the tensor',
    "input '…' is …, which goes as bytes only: use raw_input_contents":
      'an input of halves comes without raw_input_contents',
    "input '…': its contents have more than the … values of its shape":
      'more values come than the shape has elements',
    "input '…': a value of its contents is no …": 'a value is larger than the type of the input can hold',
    "input '…' is …: its contents are in the field of another type":
      'contents has numbers in another field than that of the type of the input',
    "input '…': its contents have … values, expected …": 'fewer values came than the shape has elements',
  },
  'runtime/server/grpc/infer-request.ts': {
    "input '…' has its contents twice": 'the message has the field contents of one input twice',
    'the request has more than … …': 'a message has more than 256 of these',
    "the request has no 'inputs'": 'the message has no entry of inputs',
    'raw_input_contents has … tensors for … inputs, expected one each':
      'raw_input_contents has any entry, and not one for each of inputs',
    "input '…' is given twice": 'two entries of inputs have one name',
    "output '…' is asked for twice": 'two entries of outputs have one name',
    "input '…': 'shape' is not a list of sizes": 'a size is negative, or beyond 2^53',
    'another field begins': 'caught where it is thrown: by then the names of a message have come',
    'a number of classes': 'what the protocol has for the parameter classification',
    "input 'image' has … files, expected … by its shape":
      'the elements of the image are more or fewer than its shape tells',
    "input '…' has both contents and raw_input_contents": 'values of one input are given in both forms',
  },
  'runtime/server/grpc/infer.ts': {
    "the message names two models: '…' and '…'": 'model_name comes twice in a message, with two values',
  },
  'runtime/server/scheduling/refusals.ts': {
    'it would take about … ms, and the deadline is … ms':
      'others run or wait, and with them the answer is expected after the deadline, which it alone would meet',
    'the server is busy: …: try again later': 'there is no room or no time beside what runs and waits',
    'no response within … ms…':
      'the deadline passed, or a run alone is expected to take longer while others run',
    ': … about … ms…': 'runs of that size have ended before: the figure is learnt from them',
    ' without others': 'the deadline passed although a run alone is expected to take less',
    'an image takes': 'what did not come in time was of one row, or of a number that is not known yet',
    '… images take': 'the tensors that do not fit into the deadline have several rows',
  },
  'runtime/server/scheduling/scheduler.ts': {
    'no worker': 'a scheduler is made without a session: --workers is at least 1',
    '… runs are waiting already': 'as many runs wait as --max-queue says, when a request is admitted',
    'the model is being unloaded':
      'a run comes while the model is closed: it is replaced or unloaded, or the server ends',
    'the worker was lost: …': 'the thread of the session that ran the batch ended',
    'the model has no worker, and none could be opened':
      'the last worker of a model was lost, and the attempt to open another failed: it is made again',
  },
  'runtime/server/served-model.ts': {
    "model '…' does not run on ……":
      'onnxruntime refused a request that fits the declared shapes for dimensions that do not go together',
    "model '…' takes tensors, not images: …":
      'an image is sent to a model whose input, output, recipe or missing head, as told, keep it from segmenting images',
    '… images are in progress': 'as many images are in progress as --max-queue says',
    "model '…' was removed, and its requests had … ms to end: try again":
      'a request that the model accepted is not answered --drain-ms after it was replaced or unloaded',
    "expected … inputs but got … inputs for model '…'":
      'a request has another number of inputs than the model',
    "unexpected inference input '…' for model '…'": 'a request has an input that the model has not',
    "unexpected shape for input '…' for model '…': expected […], got […]":
      'the rank or a fixed size is another, or a size is 0',
    '… elements, at most … are accepted':
      'all inputs of a request together have more elements than --max-elements',
    "unexpected inference output '…' for model '…'": 'a request asks for an output that the model has not',
    ': height and width must be multiples of …':
      'a float input has sizes that are not multiples of what the metadata of the model say',
  },
};
