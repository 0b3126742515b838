import { expect, it } from '@jest/globals';
import { readReference } from '../../exporters/checkpoints/open.js';
import { HEADS, type Head } from '../../exporters/head.js';
import { formOf } from '../../runtime/form.js';
import { createSession } from '../../runtime/node/sessions/session.js';
import { readOutline } from '../../graph/file/outline.js';
import { cases, exported, fixture } from '../support/fixtures.js';

const [entry] = cases.filter(({ name }) => name.startsWith('original-classes4'));

async function modelWith(head: Head): Promise<Uint8Array> {
  if (entry === undefined) throw new Error('the case is gone');
  return exported(fixture('cases', entry.checkpoint), { head, size: {} });
}
