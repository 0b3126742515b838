import type { FastifyInstance } from 'fastify';
import { VERSION } from '../../../graph/common/version.js';
import { count, flag, list, object, ref, SCHEMAS, text } from './openapi-schemas.js';

const jsonOf = (schema: object) => ({ 'application/json': { schema } });
const json = (name: keyof typeof SCHEMAS) => jsonOf(ref(name));
const bytes = { schema: { type: 'string', format: 'binary' } };
const failures = Object.fromEntries(
  Object.entries({
    400: 'the request is invalid',
    401: 'a token is required',
    404: 'there is no such model',
    405: 'the method is not supported; Allow lists those that are',
    408: 'the request did not arrive in time',
    413: 'the body, or its JSON, is too large',
    414: 'the path is too long',
    415: 'Content-Type is not a media type, or the body is encoded',
    417: 'Expect is not 100-continue',
    431: 'the headers are too large',
    500: 'a run, or the thread that it ran in, failed',
    501: 'Transfer-Encoding is not chunked, the method is CONNECT, or the request uses shared memory',
    503: 'the server is busy or not ready; Retry-After says when to try again',
    504: 'the deadline was exceeded',
  }).map(([status, description]) => [status, { description, content: json('Error') }]),
);
const answered = (description: string, content: object, headers?: object) => ({
  200: { description, content, ...(headers && { headers }) },
  ...failures,
});
const inPath = (name: string) => ({ name, in: 'path', required: true, schema: text });
const [MODEL, REGION, VERSION_OF] = [inPath('model'), inPath('name'), inPath('version')];
const QUERY = Object.entries({
  threshold: { type: 'number', minimum: 0, maximum: 1 },
  min_area: { type: 'number', minimum: 0 },
  fill_holes: flag,
  largest_component: flag,
}).map(([name, schema]) => ({ name, in: 'query', schema }));

const infer = (...path: readonly object[]) => ({
  post: {
    summary: 'Run a model on tensors',
    parameters: [...path, { name: 'Inference-Header-Content-Length', in: 'header', schema: count }],
    requestBody: {
      description: 'JSON, or JSON of the length told and the bytes of tensors, little-endian, in their order',
      content: { ...json('InferRequest'), 'application/octet-stream': bytes },
    },
    responses: answered(
      'outputs',
      { ...json('InferResponse'), 'application/octet-stream': bytes },
      { 'Inference-Header-Content-Length': { schema: count } },
    ),
  },
});
const segment = {
  post: {
    summary: 'Segment an image: JPEG, PNG, WebP or TIFF, as the body or as the one file of a form',
    parameters: QUERY,
    requestBody: {
      content: { 'image/*': bytes, 'multipart/form-data': { schema: object({ image: bytes.schema }) } },
    },
    responses: answered(
      'by Accept and its weights: the mask, or the label map of several classes (without view), the mask of the first class (view=mask), the label map with a colour table (view=labels), the image with the masks laid over (view=overlay), or JSON',
      {
        'image/png': bytes,
        'image/png;view=mask': bytes,
        'image/png;view=overlay': bytes,
        'image/png;view=labels': bytes,
        ...json('Segmentation'),
      },
    ),
  },
};
const get = (summary: string, content: object, parameters: readonly object[] = []) => ({
  get: { summary, parameters, responses: answered(summary, content) },
});
/** Properties of which there are no others. */
const only = (properties: Record<string, object>) => ({ ...object(properties), additionalProperties: false });
/** @param parts of the body, which may be absent */
const post = (
  summary: string,
  content: object,
  parts: Record<string, object>,
  parameters: readonly object[] = [],
) => {
  const requestBody = { required: false, content: jsonOf(only(parts)) };
  return { post: { summary, parameters, requestBody, responses: answered(summary, content) } };
};
/** What is open to all. */
const health = (summary: string, schema: keyof typeof SCHEMAS) => {
  const content = json(schema);
  return {
    get: {
      summary,
      security: [],
      parameters: [],
      responses: { 200: { description: summary, content }, 503: { description: 'not so', content } },
    },
  };
};
const anything = jsonOf({ type: 'object' });

/** A model's paths: with its version, and without. */
const ofModel = (before: string, ...path: readonly object[]) => ({
  [before]: get('What a model takes and gives', json('ModelMetadata'), path),
  [`${before}/ready`]: get('Whether a model has a worker', json('Ready'), path),
  [`${before}/config`]: get("Triton's configuration of a model, as far as it is true here", anything, path),
  [`${before}/stats`]: get('What was done for a model', anything, path),
  [`${before}/infer`]: infer(...path),
});

/** Of Triton's regions of shared memory there are none. */
const noSharedMemory = (kind: string) => ({
  [`/v2/${kind}/status`]: get('The regions: none', jsonOf(list({ type: 'object' }))),
  [`/v2/${kind}/unregister`]: post('Forget all regions', anything, {}),
  [`/v2/${kind}/region/{name}/status`]: get('A region: none', anything, [REGION]),
  [`/v2/${kind}/region/{name}/unregister`]: post('Forget a region', anything, {}, [REGION]),
  [`/v2/${kind}/region/{name}/register`]: post('Refused: tensors come with requests', anything, {}, [REGION]),
});

/** What is done with a model. @param parameters of the body */
const repository = (summary: string, parameters: Record<string, object>) =>
  post(summary, anything, { 'parameters?': only(parameters) }, [MODEL]);

/** OpenAPI 3.1 of the server. */
export const OPENAPI = {
  openapi: '3.1.0',
  info: { title: 'nmode serve', version: VERSION },
  // Where the server has tokens, all but what is said to be open wants one.
  security: [{}, { bearer: [] }],
  paths: {
    '/v2': get('What serves', json('ServerMetadata')),
    '/v2/health/live': health('Whether it lives', 'Live'),
    '/v2/health/ready': health('Whether all models have workers', 'Ready'),
    '/v2/health/startup': health('Whether models have been loaded', 'Ready'),
    ...ofModel('/v2/models/{model}', MODEL),
    ...ofModel('/v2/models/{model}/versions/{version}', MODEL, VERSION_OF),
    '/v2/models/stats': get('What was done for the models', anything),
    ...noSharedMemory('systemsharedmemory'),
    ...noSharedMemory('cudasharedmemory'),
    '/v2/repository/index': post('The models, or those that are ready', json('Repository'), {
      'ready?': flag,
    }),
    '/v2/repository/models/{model}/load': repository('Load a model again from its file', {}),
    '/v2/repository/models/{model}/unload': repository('Take a model away', { 'unload_dependents?': flag }),
    '/v1/segment': segment,
    '/v1/models/{model}/segment': { post: { ...segment.post, parameters: [MODEL, ...QUERY] } },
    '/metrics': get('What was counted, for Prometheus', { 'text/plain': { schema: text } }),
  },
  components: { schemas: SCHEMAS, securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
};

const escaped = (value: string) => value.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

/** The document as a page: no script, nothing from elsewhere. */
function page(): string {
  const rows = Object.entries(OPENAPI.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { summary }]) =>
        `<tr><td>${method.toUpperCase()}</td><td><code>${escaped(path)}</code></td><td>${escaped(summary)}</td></tr>`,
    ),
  );
  const schemas = Object.entries(SCHEMAS).map(
    ([name, schema]) =>
      `<h3>${name}</h3><pre>${escaped(JSON.stringify(schema, undefined, 1).replaceAll('#/components/schemas/', ''))}</pre>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>nmode serve</title><style>:root{color-scheme:light dark;font:16px/1.5 system-ui}body{max-width:60rem;margin:1rem auto;padding:0 1rem}
td{padding:.25rem 1rem .25rem 0;vertical-align:top}pre{overflow:auto}</style>
<h1>nmode serve ${VERSION}</h1><p><a href="openapi.json">openapi.json</a></p><table>${rows.join('')}</table>${schemas.join('')}</html>`;
}

export function addOpenApi(app: FastifyInstance): void {
  app.get('/docs/openapi.json', () => OPENAPI);
  app.get('/docs/', (_, reply) => {
    reply.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
    return reply.type('text/html').send(page());
  });
  app.get('/docs', (_, reply) => reply.redirect('/docs/'));
}
