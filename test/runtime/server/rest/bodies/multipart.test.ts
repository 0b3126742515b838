import { describe, expect, it } from '@jest/globals';
import { filesOf, isMultipart } from '../../../../../runtime/server/rest/bodies/multipart.js';

const TYPE = 'multipart/form-data; boundary=b';
const read = (form: string, type = TYPE, most = 1) =>
  filesOf(Buffer.from(form, 'latin1'), type, most)
    .map((file) => file.toString('latin1'))
    .join('|');
const part = (content: string, head = 'Content-Disposition: form-data; name="f"; filename="a"') =>
  `--b\r\n${head}\r\n\r\n${content}\r\n`;

describe('a form', () => {
  it.each([
    ['multipart/form-data', true],
    ['Multipart/Form-Data;boundary=b', true],
    ['multipart/form-data2', false],
    ['multipart/mixed; boundary=b', false],
    [undefined, false],
  ])('of the type %s: %s', (type, isOne) => expect(isMultipart(type)).toBe(isOne));

  it.each<[string, string, string?]>([
    ['as it should be', `${part('image')}--b--\r\n`],
    ['between other text', `before\r\n${part('image')}--b--after${'x'.repeat(1000)}`],
    ['with blanks behind the boundary', `--b \t\r\n${part('image').slice(5)}--b--`],
    ['with a boundary in quotes', `${part('image')}--b--`, 'multipart/form-data; charset=x; boundary="b"'],
    [
      'with names that are special',
      `${part('image', 'content-disposition: form-data; filename="../x"; name="__proto__"')}--b--`,
    ],
    [
      'whose file has a type and no name',
      `${part('image', 'Content-Disposition: form-data; name="f"\r\nContent-Type: application/octet-stream')}--b--`,
    ],
  ])('%s', (_, form, ...type) => expect(read(form, ...type)).toBe('image'));

  it('of an image of several channels has a file for each', () => {
    const two = `${part('x')}${part('y')}`;
    expect(read(`${two}--b--`, TYPE, 2)).toBe('x|y');
    expect(() => read(`${two}${part('z')}--b--`, TYPE, 2)).toThrow(
      'the form has more than 2 files: send one image a request, a file for each of its channels',
    );
  });

  it('gives bytes as they are, what looks like a boundary included', () => {
    const bytes = '\r\n-\r\n--\r\n--a\r\n\r\n\0\xff';
    expect(read(`${part(bytes)}--b--`)).toBe(bytes);
    expect(read(`${part('')}--b--`)).toBe('');
  });

  it.each<[string, string, RegExp, string?]>([
    ['ends early', part('image'), /it ends before its last boundary$/],
    ['has no boundary in it', 'image', /it ends before its last boundary$/],
    ['is empty', '--b--\r\n', /it has no file$/],
    ['has a part without a name', `${part('x', 'X: y')}--b--`, /a part has no name$/],
    ['has endless headers', `--b\r\nX: ${'x'.repeat(2 ** 14)}\r\n\r\n`, /the headers of a part do not end$/],
    ['has two files', `${part('x')}${part('y')}--b--`, /^the form has several files/],
    [
      'has a field',
      `${part('1', 'Content-Disposition: form-data; name="threshold"')}--b--`,
      /^'threshold' of the form is not a file/,
    ],
    ['tells no boundary', '', /without a boundary/, 'multipart/form-data'],
    ['tells an empty boundary', '', /without a boundary/, 'multipart/form-data; boundary='],
  ])('that %s is refused', (_, form, why, ...type) => expect(() => read(form, ...type)).toThrow(why));

  it('is looked at once, however many lines look like its boundary', () => {
    const form = `--b\r\n\r\n${'\r\n--b'.repeat(1e6)}`;
    expect(() => read(form)).toThrow(/a part has no name$/);
  });
});
