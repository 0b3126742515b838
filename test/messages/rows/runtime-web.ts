import type { Conditions } from '../conditions.js';

export const RUNTIME_WEB: Conditions = {
  'runtime/web/download.ts': {
    '…: cannot be fetched: …': 'fetch failed, or what it brought is not one of the file',
    'the server says … …': 'the response has a status other than 2xx',
    'the server has a web page there, not a file': 'the response is of the type text/html',
  },
  'runtime/web/files.ts': {
    'the worker cannot be started: …': 'the constructor of Worker threw, as of another origin or by a policy',
    "nmode-onnx/web runs in browsers: in Node, import from 'nmode-onnx'":
      'there is no Worker in the global scope',
    "'…' is not a URL": 'the text cannot be resolved against the address of the page',
  },
  'runtime/web/images/hand.ts': {
    'the list of the channels of an image takes URLs, Blobs and bytes':
      'a program gives a list that holds something else, such as pixels or an element',
    "the element's image cannot be read: …":
      'an element shows nothing yet, failed to load, or is tainted by another origin',
  },
  'runtime/web/header.ts': {
    'it is truncated': 'the header or the end that the format needs lies beyond the bytes',
    'it holds several images, expected one': 'a PNG has a chunk acTL, or a WebP the flag of an animation',
    'it is damaged': 'the first chunk of a PNG is no IHDR, or another one is',
    'its segments are damaged': 'before the frame of a JPEG there is no marker, or one without a length',
    'browsers convert CMYK each in its own way: convert it to RGB': 'a JPEG has four components',
    'most browsers do not decode TIFF: convert it to PNG': 'the first bytes are those of a TIFF',
  },
  'runtime/web/model.ts': {
    'expected the URL of a model, a Blob of one, or its bytes': 'a program gives something else for a model',
  },
  'runtime/web/images/pixels.ts': {
    'this browser has no canvas to read it from': 'OffscreenCanvas gives no 2d context',
    'it is not opaque: save it as PNG, whose alpha is read':
      'ground truth in WebP has a pixel that is not opaque',
    'this browser alters the pixels that pages read, as a protection against fingerprinting: allow this page to read them':
      'a canvas gives other pixels back than were put into it',
    'it is not opaque, and this browser has no WebGL to read its colours':
      'a pixel is not opaque, and OffscreenCanvas gives no webgl context',
    'the graphics card could not read it': 'WebGL reports an error after a part of the image was read back',
  },
  'runtime/web/images/png.ts': {
    'it is damaged': 'a checksum is wrong, or at 16 bits the colour type has none such',
    'browsers cannot apply a colour profile at 16 bits: convert it to sRGB':
      'a PNG of 16 bits has a chunk iCCP',
    'it is interlaced at 16 bits: save it without interlacing': 'a PNG of 16 bits says that it is interlaced',
    'its image data are damaged': 'the image data of a PNG cannot be inflated',
    'it holds more than its size says': 'the image data inflate to more bytes than the header needs',
    'it is truncated': 'the image data inflate to fewer bytes than the header needs',
  },
  'runtime/web/images/read-source.ts': {
    '…: cannot be read as an image: …': 'reading or decoding failed, for the reason that follows',
    'it has … megapixels, more than the … that fit into a tab: make it smaller':
      'width times height is above 50 million, rounded up to a tenth of a million',
  },
  'runtime/web/threads/serve.ts': {
    'a call could not be read': 'a worker is told messageerror: what the page sent cannot be deserialized',
  },
  'runtime/web/sessions/session.ts': {
    "providers: expected 'auto' or a list, for example ['webgpu', 'wasm']":
      'providers is neither the text auto nor an array with an entry',
    "provider 'auto' stands alone, not in a list": 'a list of providers has an entry auto',
    "provider '…' is unknown: choose … or auto": 'an entry of the list is neither webgpu nor wasm',
  },
};
