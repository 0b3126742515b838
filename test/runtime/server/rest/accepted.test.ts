import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import type { FastifyReply } from 'fastify';
import { Deadline } from '../../../../runtime/server/rest/accepted.js';
import type { ServedModel } from '../../../../runtime/server/served-model.js';

const model = { alone: () => 0, ending: new AbortController().signal } as unknown as ServedModel;
const raw = new ServerResponse(new IncomingMessage(new Socket()));
const begun = (within: number) => new Deadline({ raw } as unknown as FastifyReply, model, 'tensors', within);
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
afterEach(() => {
  raw.emit('close');
});

it('what is left grows less from its start on, also where it is shortened', async () => {
  const deadline = begun(60_000);
  await wait(5);
  const { left } = deadline;
  expect(left).toBeLessThan(60_000);
  deadline.shorten(50_000);
  expect(deadline.left).toBeLessThan(left - 9_000);
  expect(deadline.signal.aborted).toBe(false);
});

it('a time that has passed already ends it at once', async () => {
  const deadline = begun(60_000);
  await wait(5);
  deadline.shorten(2);
  expect(deadline.signal.reason).toMatchObject({ code: 'DEADLINE', message: 'no answer within 2 ms' });
  expect(deadline.left).toBe(0);
});
