/** A schema by its name. */
export const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
export const object = (
  properties: Record<string, object>,
  required: readonly string[] = Object.keys(properties),
) => ({
  type: 'object',
  properties,
  required,
});
export const list = (items: object) => ({ type: 'array', items });
export const text = { type: 'string' };
export const count = { type: 'integer', minimum: 0 };

/** What the protocol exchanges (KServe, "Predict Protocol - Version 2"), and what this server adds. */
export const SCHEMAS = {
  Error: object({ error: text }),
  ServerMetadata: object({ name: text, version: text, extensions: list(text) }),
  ModelMetadata: object(
    {
      name: text,
      versions: list(text),
      platform: text,
      inputs: list(ref('Port')),
      outputs: list(ref('Port')),
      parameters: object(
        { recipe: text, background: text, class_names: text, assumed: text, batching: text },
        [],
      ),
    },
    ['name', 'platform', 'inputs', 'outputs'],
  ),
  Port: object({
    name: text,
    datatype: { enum: ['FP32', 'FP16', 'UINT8', 'UINT16'] },
    shape: list({ type: 'integer', minimum: -1 }),
  }),
  Live: object({ live: { type: 'boolean' } }),
  Ready: object({ name: text, ready: { type: 'boolean' } }, ['ready']),
  InferRequest: object(
    {
      id: text,
      parameters: object({ binary_data_output: { type: 'boolean' }, timeout: count }, []),
      inputs: list(ref('RequestInput')),
      outputs: list(
        object(
          { name: text, parameters: object({ binary_data: { type: 'boolean' }, classification: count }, []) },
          ['name'],
        ),
      ),
    },
    ['inputs'],
  ),
  RequestInput: object(
    {
      name: text,
      shape: list(count),
      datatype: { enum: ['FP32', 'FP16', 'UINT8', 'UINT16'] },
      parameters: object({ binary_data_size: count }, []),
      data: { type: 'array', items: {} },
    },
    ['name', 'shape', 'datatype'],
  ),
  InferResponse: object(
    { model_name: text, model_version: text, id: text, outputs: list(ref('ResponseOutput')) },
    ['model_name', 'outputs'],
  ),
  ResponseOutput: object(
    {
      name: text,
      shape: list(count),
      datatype: { enum: ['FP32', 'BYTES'] },
      parameters: object({ binary_data_size: count }, []),
      data: { type: 'array', items: {} },
    },
    ['name', 'shape', 'datatype'],
  ),
  Segmentation: object(
    {
      model: text,
      version: text,
      width: count,
      height: count,
      classes: list(ref('Class')),
      semantics: object({ kind: { enum: ['independent', 'exclusive'] }, background: {}, names: list(text) }, [
        'kind',
      ]),
      assumed: list(object({ what: text, value: text, option: text })),
      tiles: count,
      tiling: ref('Tiling'),
      warnings: list(text),
      timings: { type: 'object', additionalProperties: { type: 'number' } },
      provider: text,
    },
    [
      'model',
      'version',
      'width',
      'height',
      'classes',
      'semantics',
      'assumed',
      'tiles',
      'warnings',
      'timings',
      'provider',
    ],
  ),
  Tiling: object({ tiles: count, width: count, height: count, wholeBudget: count, approximate: text }, [
    'tiles',
    'width',
    'height',
    'wholeBudget',
  ]),
  Class: object(
    {
      label: count,
      name: text,
      area: count,
      parts: count,
      boxes: list(object({ area: count, box: object({ x: count, y: count, width: count, height: count }) })),
      contours: list(list({ type: 'array', items: count, minItems: 2, maxItems: 2 })),
      rle: object({ size: list(count), counts: list(count) }),
    },
    ['label', 'area', 'parts', 'boxes', 'contours', 'rle'],
  ),
  Repository: list(object({ name: text, version: text, state: text, reason: text })),
};
