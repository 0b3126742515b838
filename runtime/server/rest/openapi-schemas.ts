/** A schema by its name. */
export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
/** @param properties by their names; one that may be absent has a question mark behind its name */
export const object = (properties: Record<string, object>) => {
  const entries = Object.entries(properties);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([name, schema]) => [name.replace('?', ''), schema])),
    required: Object.keys(properties).filter((name) => !name.endsWith('?')),
  };
};
export const list = (items: object) => ({ type: 'array', items });
export const text = { type: 'string' };
export const flag = { type: 'boolean' };
export const count = { type: 'integer', minimum: 0 };
const oneOf = (...values: readonly string[]) => ({ enum: values });

/** A tensor of a request or of an answer. */
const tensor = (...datatypes: readonly string[]) =>
  object({
    name: text,
    shape: list(count),
    datatype: oneOf(...datatypes),
    'parameters?': object({ 'binary_data_size?': count }),
    'data?': list({}),
  });

/** What the protocol exchanges (KServe, "Predict Protocol - Version 2"), and what this server adds. */
export const SCHEMAS = {
  Error: object({ error: text }),
  ServerMetadata: object({ name: text, version: text, extensions: list(text) }),
  ModelMetadata: object({
    name: text,
    'versions?': list(text),
    platform: text,
    inputs: list(ref('Port')),
    outputs: list(ref('Port')),
    'parameters?': object({
      'recipe?': text,
      'background?': text,
      'class_names?': text,
      'assumed?': text,
      'batching?': text,
    }),
  }),
  Port: object({
    name: text,
    datatype: oneOf('FP32', 'FP16', 'UINT8', 'UINT16'),
    shape: list({ type: 'integer', minimum: -1 }),
  }),
  Live: object({ live: flag }),
  Ready: object({ 'name?': text, ready: flag }),
  InferRequest: object({
    'id?': text,
    'parameters?': object({ 'binary_data_output?': flag, 'timeout?': count }),
    inputs: list(ref('RequestInput')),
    'outputs?': list(
      object({ name: text, 'parameters?': object({ 'binary_data?': flag, 'classification?': count }) }),
    ),
  }),
  RequestInput: tensor('FP32', 'FP16', 'UINT8', 'UINT16'),
  InferResponse: object({
    model_name: text,
    'model_version?': text,
    'id?': text,
    outputs: list(ref('ResponseOutput')),
  }),
  ResponseOutput: tensor('FP32', 'BYTES'),
  Segmentation: object({
    model: text,
    version: text,
    width: count,
    height: count,
    classes: list(ref('Class')),
    semantics: object({ kind: oneOf('independent', 'exclusive'), 'background?': {}, 'names?': list(text) }),
    assumed: list(object({ what: text, value: text, option: text })),
    tiles: count,
    'tiling?': ref('Tiling'),
    warnings: list(text),
    timings: { type: 'object', additionalProperties: { type: 'number' } },
    provider: text,
  }),
  Tiling: object({ tiles: count, width: count, height: count, wholeBudget: count, 'approximate?': text }),
  Class: object({
    label: count,
    'name?': text,
    area: count,
    parts: count,
    boxes: list(object({ area: count, box: object({ x: count, y: count, width: count, height: count }) })),
    contours: list(list({ ...list(count), minItems: 2, maxItems: 2 })),
    rle: object({ size: list(count), counts: list(count) }),
  }),
  Repository: list(object({ name: text, version: text, state: text, reason: text })),
};
