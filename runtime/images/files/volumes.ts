/** The formats that volumes come in, which are not read: what stands at which byte of them, and the endings of their names. */
const VOLUMES = [
  { name: 'NIfTI', magic: ['n+1', 'ni1'], place: 344, ending: /\.nii$/i },
  { name: 'NIfTI', magic: ['n+2', 'ni2'], place: 4, ending: /\.nii$/i },
  { name: 'packed by gzip, as NIfTI files mostly are', magic: ['\x1f\x8b'], place: 0, ending: /\.nii\.gz$/i },
  { name: 'DICOM', magic: ['DICM'], place: 128, ending: /\.(?:dcm|dicom)$/i },
  { name: 'MetaImage', magic: ['ObjectType', 'NDims'], place: 0, ending: /\.mh[ad]$/i },
  { name: 'NRRD', magic: ['NRRD000'], place: 0, ending: /\.n(?:rrd|hdr)$/i },
] as const;

/** As many bytes as tell all of them apart. */
export const VOLUME_HEADER = 348;

/** What the first bytes, in latin-1, are of. */
export const volumeFormat = (head: string): string | undefined =>
  VOLUMES.find(({ magic, place }) => magic.some((text) => head.startsWith(text, place)))?.name;

/** Whether a file is named as one of these. */
export const isVolumeName = (file: string): boolean => VOLUMES.some(({ ending }) => ending.test(file));

/** That they are not read, and what to do instead. */
export const NO_VOLUMES =
  'volumes are not read: save slices as PNG or TIFF of 8 or 16 bits, or give the network tensors from a program of your own';
