import type { Conditions } from '../conditions.js';

export const RUNTIME_MASKS: Conditions = {
  'runtime/masks/classes.ts': {
    'a threshold of …: the … classes exclude each other, and each pixel is of the most probable one':
      'a threshold is given where a softmax is over several classes of which other than one are masks',
    "a background of …: the model's … classes are 0 to …":
      'the index of the background is not below the number of classes that the model gives',
  },
  'runtime/masks/metrics.ts': {
    'a mask of …x… against one of …x…': 'a program counts two masks of different width or height',
  },
  'runtime/truth/known-labels.ts': {
    "…: it holds …, expected the labels of the model's … classes, 0 to ……":
      'a truth for several classes holds labels above the last class, which are not ignored; these are listed',
    ': … leaves it out': 'it is one label, and no other is ignored',
  },
  'runtime/truth/truth.ts': {
    'a label of truth is …, expected a whole number from 0 to 65535':
      'the foreground or ignored label that is given is no whole number from 0 to 65535',
    'a colour of truth is …, expected R,G,B, whole numbers from 0 to 255':
      'the colour that is given has not three parts, or one that is no whole number from 0 to 255',
    'label … and colour … are both the foreground of truth: give one':
      'a label and a colour of truth are given',
    'label … is both foreground and ignored in truth: give two labels':
      'the label of the foreground is that which is ignored',
    'the labels of its palette cannot be read: save it as PNG…':
      'labels are needed of a TIFF with a palette, whose indices the decoder does not tell',
    'its alpha is …, and labels are opaque: …':
      'labels are needed of an image with an alpha channel, some of which is not opaque',
    'it holds the colours …, expected labels (grey, or a palette)…':
      'labels are needed of an image without a palette, in which red, green and blue differ',
    'its alpha is …, expected an opaque mask: …':
      'a mask of black and white is expected, and by alpha, palette or colour key a pixel is not opaque',
    'it holds the colours ……, expected a mask of black and white: …':
      'a mask of black and white is expected, and in some pixel red, green and blue differ',
    'it holds ……, expected a mask of 0 and … (… bits): …':
      'the image is grey, and its values are not those of black and white with soft or ringing edges',
    ', or say its colour with …': 'a label of truth alone is given, so that a colour can take its place',
    'save it without transparency':
      'labels are needed for several classes or to ignore one, so that no colour will do',
    'say with … which opaque pixels are foreground':
      'a label of truth alone is given, so that a colour can take its place',
    ': … says which is foreground': 'a label of truth alone is given, so that a colour can take its place',
    ', the palette indices …': 'the image has a palette: what is listed of it is what a label of truth means',
    '… says which is foreground': 'without loss: a colour can be named that is the foreground',
    'none of its pixels is opaque': 'every pixel is less than half opaque',
    'its opaque pixels have the colours …: …': 'some pixel is at least half opaque',
    '…… says which is foreground': 'without loss: a colour, or of a palette a label as well, can be named',
    ' or …': 'the image has a palette, so that a label can be named as well',
    'cut it to two values or, of labels, …': 'the image is stored without loss and has more than six values',
    'it is compressed with loss (JPEG, WebP), which keeps no exact …: save the mask as PNG':
      'labels or a colour are to be read from a JPEG, a WebP with loss, or a TIFF that is compressed so',
    'the value … alone': 'all pixels that count have one value',
    'the values …': 'pixels that count have two to six values',
    '… values from … to …': 'pixels that count have more than six values',
  },
};
