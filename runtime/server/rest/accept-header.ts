import Negotiator from 'negotiator';
import { badUsage } from '../../../graph/common/errors.js';

/** What is answered; a picture is the label map of several classes, or else the mask. */
export type View = 'picture' | 'mask' | 'labels' | 'overlay' | 'json';

/** The first is given where several are wanted alike. Of parameters, those that stand here are known. */
const OFFERS: Readonly<Record<string, View>> = {
  'application/json': 'json',
  'application/json;charset=utf-8': 'json',
  'image/png': 'picture',
  'image/png;view=mask': 'mask',
  'image/png;view=overlay': 'overlay',
  'image/png;view=labels': 'labels',
};

/**
 * What the header Accept wants most, by its weights (RFC 9110, 12.5.1), and of what it wants alike what it names first.
 * @throws NmodeError (BAD_USAGE) where nothing of what is accepted can be given
 */
export function viewOf(accept = ''): View {
  const headers = accept.trim() === '' ? {} : { accept };
  const [wanted = ''] = new Negotiator({ headers }).mediaTypes(Object.keys(OFFERS));
  const view = OFFERS[wanted];
  if (view !== undefined) return view;
  throw badUsage(
    `Accept is '${accept}': give image/png, image/png;view=mask, image/png;view=overlay, image/png;view=labels or application/json`,
  );
}
