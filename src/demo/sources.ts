import { button, element, input } from './elements.js';

export interface Takers {
  images(files: readonly File[]): void;
  /** @param stem of the image's name that it belongs to; none for the image that is shown */
  truth(file: File, stem?: string): void;
  model(file: File): Promise<void>;
  /** One to be held beside the model. */
  second(file: File): Promise<void>;
  /** Whether there is an image of that name, without the extension. */
  knows(stem: string): boolean;
}

export const stemOf = (name: string) => name.replace(/\.[^.]+$/, '');

/** Data sets name masks so: ISIC_0000082_segmentation.png. */
const TRUTH_NAME = /^(.*)[_\-. ](?:mask|truth|gt|groundtruth|segmentation|annotation)s?\.[a-z]+$/i;

/** Images of files: a file each, or of as many as a model takes channels that are no colours, in the order of their names. */
export function imagesOf(files: readonly File[], channels: number) {
  if (channels === 1 || channels === 3 || files.length % channels !== 0) {
    return files.map((file) => ({ name: file.name, source: file }));
  }
  const sorted = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Array.from({ length: files.length / channels }, (_, image) => {
    const source = sorted.slice(image * channels, (image + 1) * channels);
    return { name: source.map(({ name }) => name).join(' + '), source };
  });
}

/** Takes files from where they can come from: buttons, dropping, pasting. */
export function takeFrom(takers: Takers): void {
  const sort = (files: readonly File[]) => {
    const [model, second] = files.filter(isModel);
    if (model !== undefined) takers.model(model).then(() => second && takers.second(second));
    const pictures = files.filter((file) => !isModel(file));
    const photographs = new Set(pictures.filter((file) => !isPng(file)).map(({ name }) => stemOf(name)));
    // A PNG that has the name of an image is its mask.
    const truthOf = (file: File) => {
      const stem = stemOf(file.name);
      const twin = isPng(file) && (photographs.has(stem) || takers.knows(stem));
      return TRUTH_NAME.exec(file.name)?.[1] ?? (twin ? stem : undefined);
    };
    const images = pictures.filter((file) => truthOf(file) === undefined);
    const truths = pictures.map((file) => [file, truthOf(file)] as const);
    if (images.length > 0) takers.images(images);
    for (const [file, stem] of truths) if (stem !== undefined) takers.truth(file, stem);
  };
  opens(button('pick'), input('image-file'), sort);
  opens(button('truth'), input('truth-file'), (files) => {
    const [first, ...others] = files;
    // One that is chosen alone is meant for what is shown.
    if (first !== undefined && others.length === 0) takers.truth(first);
    else for (const file of files) takers.truth(file, TRUTH_NAME.exec(file.name)?.[1] ?? stemOf(file.name));
  });
  opens(button('model'), input('model-file'), ([file]) => file && takers.model(file));
  opens(button('second'), input('second-file'), ([file]) => file && takers.second(file));
  document.addEventListener('paste', ({ clipboardData }) => sort([...(clipboardData?.files ?? [])]));
  const drop = element('drop', HTMLElement);
  // Anywhere: a file that misses the frame must not replace the page.
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  document.addEventListener('dragleave', () => drop.classList.remove('over'));
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    sort([...(event.dataTransfer?.files ?? [])]);
  });
}

const isModel = ({ name }: File) => /\.onnx$/i.test(name);
const isPng = ({ name }: File) => /\.png$/i.test(name);

/** A button that opens a file chooser. */
function opens(
  opener: HTMLButtonElement,
  chooser: HTMLInputElement,
  take: (files: readonly File[]) => void,
): void {
  opener.addEventListener('click', () => chooser.click());
  chooser.addEventListener('change', () => {
    take([...(chooser.files ?? [])]);
    // The same file may be chosen again.
    chooser.value = '';
  });
}

/** Takes a picture with the camera; undefined where it is cancelled. @throws where there is no camera or it is forbidden */
export async function takePicture(): Promise<File | undefined> {
  const dialog = element('camera-dialog', HTMLDialogElement);
  const video = element('camera-video', HTMLVideoElement);
  if (navigator.mediaDevices === undefined) {
    throw new Error(
      isSecureContext ? 'this browser gives it to no page' : 'a page from https or localhost may use it',
    );
  }
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: 'environment', width: { ideal: 1920 } },
  });
  try {
    video.srcObject = stream;
    await video.play();
    dialog.returnValue = 'cancel';
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }));
    if (dialog.returnValue !== 'take') return undefined;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext('2d')?.drawImage(video, 0, 0);
    return new File([await canvas.convertToBlob({ type: 'image/png' })], 'camera.png');
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}
