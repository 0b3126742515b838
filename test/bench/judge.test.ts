import { describe, expect, it } from '@jest/globals';
import { HEALTH, judge } from '../../bench/load/judge.js';
import { History } from '../../bench/load/reloads.js';

const requests = [
  { kind: 'image', method: 'POST', path: '/' },
  { kind: 'half an image', method: 'POST', path: '/', status: 400 },
] as const;
const versions = [
  { file: 'old.onnx', digests: ['old'] },
  { file: 'new.onnx', digests: ['new'] },
];

// The new version was asked for at 100 and served at 200; it was taken away between 300 and 310, and the old one came by 400.
const history = new History();
history.loading(1, 100);
history.loaded(200);
history.unloaded(300, 310);
history.loading(0, 320);
history.loaded(400);

const became = (start: number, answered: number, what: object) =>
  judge(
    { kind: 'image', index: 0, start, answered, end: answered, ...what },
    { requests, versions, history },
  );
const error = (status: number, text = '{"error":"why"}') => ({ status, type: 'application/json', text });
const [old, next] = [
  { status: 200, digest: 'old' },
  { status: 200, digest: 'new' },
];

describe('a request is', () => {
  it.each([
    ['answered by the version that was served', 0, 50, old],
    ['answered by the one that was served when it came', 150, 250, old],
    ['answered by the one that came while it waited', 50, 150, next],
    ['answered by the one before the model was taken away', 305, 350, next],
    ['answered by the one that came after', 350, 380, old],
    ['answered where it was faulty', 0, 10, { ...error(400), index: 1 }],
    ['answered that the server is ready', 0, 10, { status: 200, index: HEALTH, kind: 'ready' }],
  ])('%s', (_, start, end, what) => {
    expect(became(start, end, what)).toBe('answered');
  });

  it.each([
    ['for want of room', 0, 10, error(503)],
    ['while no version is served', 320, 330, error(404)],
    ['as not ready then', 320, 330, { ...error(503, '{"ready":false}'), index: HEALTH, kind: 'ready' }],
  ])('refused %s', (_, start, end, what) => {
    expect(became(start, end, what)).toBe('refused');
  });

  it.each([
    ['by a version that is not served yet', 0, 50, next, 'answered by another version'],
    ['by a version that is served no more', 210, 250, old, 'answered by another version'],
    ['with the bytes of none', 0, 50, { status: 200, digest: 'else' }, 'wrong bytes'],
    ['not at all', 0, 50, { error: 'ECONNRESET: socket hang up' }, 'ECONNRESET: socket hang up'],
    ['by a fault', 0, 50, error(500), '500 {"error":"why"}'],
    ['as unknown while a version is served', 0, 50, error(404), '404 {"error":"why"}'],
    ['by something else than the server', 0, 50, { ...error(503), type: 'text/html' }, '503 {"error":"why"}'],
    ['as faulty where it is not', 0, 50, error(400), '400 {"error":"why"}'],
    ['as not alive', 320, 330, { ...error(503, '{}'), index: HEALTH, kind: 'live' }, '503 {}'],
  ])('lost where it is answered %s', (_, start, end, what, lost) => {
    expect(became(start, end, what)).toEqual({ lost });
  });

  it.each([
    ['left where its sender left', { error: 'left' }, 'left'],
    ['late where its deadline passed', error(504), 'late'],
  ])('%s', (_, what, verdict) => {
    expect(became(0, 50, what)).toBe(verdict);
  });
});
