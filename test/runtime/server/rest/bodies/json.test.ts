import { describe, expect, it } from '@jest/globals';
import { parseObject } from '../../../../../runtime/server/rest/bodies/json.js';

const parse = (text: string) => parseObject(Buffer.from(text));
const lists = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('the JSON of a request', () => {
  it.each<[string, string, object]>([
    ['sixteen levels', `{"a":${lists(15)}}`, { a: JSON.parse(lists(15)) }],
    ['brackets in a text', `{"a":"${'['.repeat(100)}"}`, { a: '['.repeat(100) }],
    ['quotes in a text', `{"a":"\\"${'['.repeat(100)}\\\\"}`, { a: `"${'['.repeat(100)}\\` }],
    ['a byte order mark', '\uFEFF{"a":1}', { a: 1 }],
    ['a name twice, of which the last counts', '{"a":1,"a":2}', { a: 2 }],
    ['a name that is special', '{"__proto__":1}', JSON.parse('{"__proto__":1}')],
    ['a text of 65536 bytes', `{"a":"${'x'.repeat(2 ** 16)}"}`, { a: 'x'.repeat(2 ** 16) }],
  ])('has %s', (_, text, value) => expect(parse(text)).toEqual(value));

  it.each<[string, string, RegExp]>([
    ['seventeen levels', `{"a":${lists(16)}}`, /has more than 16 levels$/],
    ['levels that never close', '['.repeat(1e6), /has more than 16 levels$/],
    ['lists', `{"a":[${'[],'.repeat(2 ** 21)}0]}`, /has more than 2097152 lists and objects$/],
    ['names', `{${'"a":0,'.repeat(2 ** 16)}"a":0}`, /has more than 65536 names and texts$/],
    ['a text', `{"a":"${'x'.repeat(2 ** 16 + 1)}"}`, /has a text of more than 65536 bytes$/],
    ['a text that never ends', `{"a":"${'x'.repeat(2 ** 17)}`, /has a text of more than 65536 bytes$/],
    ['escapes', `{"a":"${'\\"'.repeat(2 ** 15 + 1)}"}`, /has a text of more than 65536 bytes$/],
    ['a list', '[]', /it is not an object$/],
    ['nothing', '', /Unexpected end of JSON input$/],
    ['a half', '{"a":', /Unexpected end of JSON input$/],
    ['a text that ends in an escape', '{"a":"\\', /Unexpected end|Unterminated string/],
  ])('is refused for %s', (_, text, why) => {
    const refused = () => parse(text);
    expect(refused).toThrow(/^failed to parse the request JSON: /);
    expect(refused).toThrow(why);
  });

  it('is UTF-8', () => {
    expect(() => parseObject(Buffer.from('{"a":"\xFF"}', 'latin1'))).toThrow(/not valid for encoding utf-8/);
  });
});
