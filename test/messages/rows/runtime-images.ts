import type { Conditions } from '../conditions.js';

export const RUNTIME_IMAGES: Conditions = {
  'runtime/images/draw.ts': {
    'a mask of …x… over an image of …x…': 'a program lays a mask over an image of another width or height',
  },
  'runtime/images/files/write-png.ts': {
    'expected 8 bits a sample, grey or RGB, or indices of a palette':
      'a program encodes pixels of another depth or number of channels; with a palette, of more than one channel',
    'a label beyond the … colours of its table':
      'a program encodes a label map with a palette that has no colour for one of its values',
  },
  'runtime/images/files/formats.ts': {
    'it is empty': 'the file has no byte',
    'expected …':
      'the first bytes are the magic number of none of JPEG, PNG, WebP and TIFF, nor of a format of volumes',
    'it is …, and …': 'they are those of NIfTI, gzip, DICOM, MetaImage or NRRD',
    'more than … of its chunks are to be left out':
      'more than 10,000 chunks of a PNG are damaged, or are what is taken out before it is decoded (EXIF, a profile, gamma)',
  },
  'runtime/images/image-methods.ts': {
    'no such image is being segmented':
      'a thread is asked about an image that it has not begun, or has finished or dropped',
  },
  'runtime/images/job.ts': {
    'the model gives … classes of … folds, expected the same number for each':
      'the output of folds is no multiple of the number of folds in the metadata',
    'no input … of …': 'a program asks for an input beyond those that the image is run in',
    'nothing was put in place': 'masks are asked for before any run of the image was put in place',
  },
  'runtime/images/courses/sliding.ts': {
    'the image: …x… take … windows of …x…, at most …':
      'an image is so large, or windows are so small, that there are over a million',
  },
  'runtime/images/frame.ts': {
    "the image: …x… at … x … a pixel become …x… at the model's … x …, more than … million samples":
      'the recipe resamples to a spacing at which an image would have over 300 million samples',
  },
  'runtime/images/courses/padded.ts': {
    'the model gives […] for an input of …x…, expected the same size':
      'the recipe keeps images at their own size, and a run gave another height or width than its input had',
  },
  'runtime/images/outputs.ts': {
    'the model gives […], expected [1, classes, H, W] of 1 to 255 classes':
      'what a run gave has another rank than 4, another batch than 1, or no or over 255 classes',
    'the model gives a softmax over one class, which is always 1: expected a sigmoid':
      'the output ends in a softmax, or --head softmax was given, and a run gave one class',
    "the model's … classes add up to … in a pixel, expected 1: its softmax is not over the classes":
      'the output ends in a softmax, and in some pixel the values of all classes miss a sum of 1 by over 0.01',
    'the model gives …, expected probabilities: if these are logits, convert them with …':
      'a value lies beyond 0..1 by more than 0.001, no head is given, and neither graph nor metadata say one',
    'the model gives …, expected probabilities from 0 to 1':
      'after the head, if one is given, a value is NaN or infinite, or what the output ends in is known and it lies beyond 0..1 by more than 0.001',
  },
  'runtime/images/files/jpeg-frame.ts': {
    'its image data are damaged: …': 'headers or codes of the image data contradict the JPEG standard',
    'its frame header': 'the frame header has not the length of its components, or none of 1 to 4 components',
    'its sampling factors': 'a sampling factor of the frame is not from 1 to 4',
  },
  'runtime/images/files/jpeg-huffman.ts': {
    'its Huffman tables are damaged':
      'a table has more symbols than its segment holds, more than 256, or more codes than there can be',
    'an invalid code': 'the next bits are no code of the table, or the table was not defined',
    'a restart marker is missing':
      'where the restart interval ends, no marker or one of another number follows',
    'they end too early': 'bits are needed where the image data up to the next marker are used up',
  },
  'runtime/images/files/jpeg-scans.ts': {
    'it is truncated': 'the segments of the file do not end in an end-of-image marker',
    'there are two frames': 'a second frame header follows a first',
    'a scan comes before its frame': 'a scan begins where no frame header was read',
    'it has more than … scans': 'the 101st scan begins, whether or not it is a valid one',
    'it has more than … scans that refine others':
      'the 33rd refining scan begins, whether or not it is a valid one',
    'a scan is missing': 'there is no frame, or the DC coefficients of a component came in no scan',
    'a scan of a component that the frame does not have': 'a scan header names an id that no component has',
    'a scan header':
      'a scan header has not the length of its components, or a spectral selection or approximation that is none',
    'its scans do not follow one another':
      'a progressive scan does not go on where those before it left its coefficients, or AC comes before DC',
    'they do not end': 'whole bytes are left behind the last block of a scan that is not the only one',
    'an invalid code': 'the size in a code of a refining scan is above 1',
  },
  'runtime/images/files/jpeg-segments.ts': {
    'its segments are damaged':
      'a marker without a length stands where a segment should begin, or a length is below 2',
    'it has more than … segments': 'the file has more than 65,536 segments before its end',
  },
  'runtime/images/files/mend-png.ts': {
    'it is truncated': 'the last chunk that is whole is no IEND',
  },
  'runtime/images/files/mend-webp.ts': {
    'it has more than … chunks': 'the RIFF container has more than 4,096 chunks',
  },
  'runtime/images/files/png.ts': {
    'more than … megapixels': 'the width times the height in the header is above what the platform reads',
    'it decodes to more than … MB':
      'the rows of the header take more than six bytes for each pixel that is read at most',
    'it is damaged: it has no colour for some of its pixels':
      'the image has a palette type, and no PLTE chunk or an index beyond it',
    'it is damaged':
      'a checksum is wrong, the first chunk is no IHDR, the header holds what PNG has not, or a filter is unknown',
    'it holds several images, expected one': 'a chunk acTL says that it is an animation',
    'it is truncated': 'the last chunk that is whole is no IEND',
  },
  'runtime/common/raster.ts': {
    '… samples for …x…x…': 'a program gives a raster of more or fewer samples than its size says',
    'expected …, or pixels { width, height, channels, data }':
      'what a program gives for an image is nothing that the platform takes, nor an object with data',
    'pixels of …x…x… in … samples, expected width x height x channels in 8 or 16 bits':
      'pixels that a program gives have no whole positive size or number of channels, no bytes or 16-bit words, or not as many as that',
  },
  'runtime/images/channels.ts': {
    '…: it is RGB, the model takes one grey channel: choose how to convert it with …':
      'an image has three channels, the model takes one, and nobody says how they become grey',
    ' or ': 'joins the ways in which colours become grey',
    '…: it has …, the model takes ……':
      'an image has other channels than the model takes, and is neither grey for RGB nor RGB for grey',
    ': give the files of its channels (…), a TIFF of … grey pages, or a file of … samples a pixel':
      'the model takes several channels',
    '…: together they have …, the model takes …: …':
      'the files of an image have more or fewer channels in all than the model takes',
    'give a file for each of these': 'each of these files is grey',
    '… is RGB, choose how to convert it to grey with …':
      'one of these files has three channels, and nobody says how they become grey',
    ': give a grey image': 'the model takes one channel',
    '…: more than … million samples':
      'the parts of an image that were read hold more than 300 million samples',
    'the image': 'what messages call an image that is not a file with a name',
    'file … of the image': 'what messages call one of several files that are given by their bytes',
    'no file of an image is given': 'a program gives an empty list of files for the channels of an image',
    '…: it is …x…, … is …x…: the channels of an image are of one size':
      'a file or page of an image has another width or height than the first',
    '…: it has … bits a sample, … has …: the channels of an image are of one depth':
      'a file or page of an image has 8 bits and the first 16, or the other way round',
  },
  'runtime/images/depth.ts': {
    'the image has 16 bits a sample, the model takes 8 and looks at stored values: export it with `imageBits: 16`':
      'a model that prepares images itself takes uint8 and its recipe begins with stored values, and the image has 16 bits',
  },
  'runtime/node/images/channels.ts': {
    'it has … pages, the model takes … channels':
      'a TIFF has several pages, and not one for each channel of the model',
    'it is CMYK, whose samples are inks, not channels: only a model that takes RGB can use it':
      'a JPEG or TIFF of four inks is given to a model of four channels',
    '… has colours, expected grey': 'a page of a TIFF of several is not grey',
    'sample …': 'names a sample of the pixels of a TIFF in what is wrong with it',
    'page …': 'what messages call a page of a TIFF',
  },
  'runtime/images/courses/tiles.ts': {
    'a memory budget of … MB, expected at least … MB':
      'the image does not fit the budget, nor does the smallest useful tile, for which the budget named is enough',
  },
  'runtime/node/images/sharp.ts': {
    'it holds … images, expected one': 'libvips finds several pages, or a PNG says that it is an animation',
    'its samples are …, expected whole numbers of 8 or 16 bits without a sign: scale and shift them into 0 to 65535':
      'libvips decodes to another sample type than uchar and ushort',
    'signed, of 8 bits': 'the samples are of the type char',
    'signed, of 16 bits': 'the samples are of the type short',
    'signed, of 32 bits': 'the samples are of the type int',
    'of 32 bits': 'the samples are of the type uint',
    'floating-point numbers of 32 bits': 'the samples are of the type float',
    'floating-point numbers of 64 bits': 'the samples are of the type double',
    'complex numbers': 'the samples are of the type complex or dpcomplex',
  },
  'runtime/node/images/files.ts': {
    'the Blob of an image cannot be read: …': 'the file that it is of has changed since',
    'its data are damaged': 'libvips refuses an image for a warning, and does not say which',
    'it has … samples a pixel: … and … more, which are not one alpha by its ExtraSamples: a model of … channels takes them all, for another leave them out':
      'a TIFF has samples behind grey or colours, and not exactly one of kind 1 or 2 in ExtraSamples; the model takes fewer channels',
    'it has … samples a pixel…: save them as grey pages, or a file of each':
      'a TIFF has more samples a pixel than sharp reads, or planes beside a grey one',
    ', more than …': 'SamplesPerPixel of the TIFF is above 5',
    ' in planes (PlanarConfiguration 2) that are not of colours':
      'the TIFF has several samples, its photometric interpretation is grey, and each sample has a plane',
    'it is a folder': 'the path of an image is a directory',
    'it is not a regular file': 'the path of an image is a device, pipe or socket',
    '… bytes are more than 1 GiB': 'the file is larger than 2^30 bytes',
    'it is …, not …: rename it':
      'the first bytes are of one known format, and the extension is that of another',
    'it decodes to … channels, expected 3': 'without alpha and in sRGB, other than 3 channels came',
    '…: cannot be read as an image: …': 'reading or decoding failed, for the reason that follows',
    'it decodes to … channels, expected 3 or 4': 'in sRGB, other than 3 or 4 channels of a ground truth came',
    'it holds more than its size says': 'the image data of a PNG inflate to more bytes than its header needs',
    'it is damaged': 'zlib cannot inflate the image data of a PNG',
    'it is truncated': 'the image data of a PNG inflate to fewer bytes than its header needs',
    '…x… pixels as PNG: …': 'libvips cannot encode the pixels',
    'JPEG, PNG, WebP or TIFF': 'the formats that are read in Node',
    'more than … megapixels': 'libvips refuses the image for its pixel limit, which is 100 million',
  },
  'runtime/node/images/npy.ts': {
    '… numbers for […]': 'a program gives another number of values than the shape has elements',
  },
};
