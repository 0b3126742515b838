import { badImage, badUsage } from '../../../../graph/common/errors.js';

/** Whether a body is a form with files, by its Content-Type. */
export function isMultipart(contentType: string | undefined): boolean {
  return /^multipart\/form-data(?:[;\s]|$)/i.test(contentType ?? '');
}

/** Bytes of what stands before a part's content. */
const MAX_HEAD = 2 ** 14;

/**
 * The files of a form (RFC 7578): parts with a file name, or of the type application/octet-stream. They are views of the form,
 * which is searched once: in @fastify/busboy, a hostile form of 60 MB takes gigabytes.
 * @param most how many there may be: one, or as many as an image has channels
 * @throws NmodeError: BAD_IMAGE for what is no form; BAD_USAGE where it has anything but files, or more of them
 */
export function filesOf(form: Buffer, contentType: string, most: number): readonly Buffer[] {
  const files: Buffer[] = [];
  for (const { name, isFile, content } of partsOf(form, boundaryOf(contentType))) {
    if (!isFile) {
      throw badUsage(`'${name}' of the form is not a file: options go into the query, as in ?threshold=0.4`);
    }
    if (files.length === most) {
      throw badUsage(
        most === 1
          ? 'the form has several files: send one image a request'
          : `the form has more than ${most} files: send one image a request, a file for each of its channels`,
      );
    }
    files.push(content);
  }
  if (files.length === 0) throw malformed('it has no file');
  return files;
}

interface Part {
  readonly name: string;
  readonly isFile: boolean;
  readonly content: Buffer;
}

/** The parts of a form: each begins behind a line of two hyphens and the boundary, which two more follow at the end (RFC 2046, 5.1.1). */
function* partsOf(form: Buffer, boundary: string): Generator<Part> {
  const start = `--${boundary}`;
  const next = (from: number) => {
    const at = form.indexOf(`\r\n${start}`, from);
    if (at < 0) throw malformed('it ends before its last boundary');
    return at;
  };
  const beginsAtOnce = form.subarray(0, start.length).equals(Buffer.from(start));
  let at = (beginsAtOnce ? 0 : next(0) + 2) + start.length;
  while (form.toString('latin1', at, at + 2) !== '--') {
    const head = form.subarray(at, at + MAX_HEAD);
    const headLength = head.indexOf('\r\n\r\n');
    if (headLength < 0) throw malformed('the headers of a part do not end');
    const content = at + headLength + 4;
    const end = next(content);
    yield { ...headOf(head.toString('utf8', 0, headLength)), content: form.subarray(content, end) };
    at = end + 2 + start.length;
  }
}

/** A value of a header that is in quotes or not. */
const VALUE = String.raw`\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))`;

function parameter(text: string, name: string): string | undefined {
  const [, quoted, bare] = new RegExp(String.raw`;\s*${name}\*?=${VALUE}`, 'i').exec(text) ?? [];
  return quoted?.replace(/\\(.)/g, '$1') ?? bare;
}

function boundaryOf(contentType: string): string {
  const boundary = parameter(contentType, 'boundary');
  if (boundary !== undefined) return boundary;
  throw badUsage('Content-Type is multipart/form-data without a boundary');
}

function headOf(head: string): Omit<Part, 'content'> {
  const [, disposition] = /^content-disposition:\s*form-data(.*)$/im.exec(head) ?? [];
  const name = parameter(disposition ?? '', 'name');
  if (disposition === undefined || name === undefined) throw malformed('a part has no name');
  const isFile = parameter(disposition, 'filename') !== undefined;
  return { name, isFile: isFile || /^content-type:\s*application\/octet-stream/im.test(head) };
}

const malformed = (why: string) => badImage(`the form cannot be read: ${why}`);
