import { parseDecimal } from '../../../graph/common/decimal.js';
import { badUsage } from '../../../graph/common/errors.js';

/** What is answered; a picture is the label map of several classes, or else the mask. */
export type View = 'picture' | 'mask' | 'labels' | 'overlay' | 'json';

/** The first is given where several are wanted alike. */
const OFFERS: readonly { readonly view: View; readonly type: string; readonly parameter?: string }[] = [
  { view: 'json', type: 'application/json' },
  { view: 'picture', type: 'image/png' },
  { view: 'mask', type: 'image/png', parameter: 'mask' },
  { view: 'overlay', type: 'image/png', parameter: 'overlay' },
  { view: 'labels', type: 'image/png', parameter: 'labels' },
];

/** An entry of the header Accept; parameters but `q` and `view` have no meaning here. */
interface Range {
  readonly type: string;
  readonly view: string | undefined;
  readonly quality: number;
}

/** What is between commas, and between semicolons: those in quotes part nothing. */
const ENTRIES = /(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g;
const PARTS = /(?:[^;"]|"(?:\\.|[^"\\])*"?)+/g;

/**
 * What the header Accept wants most, by its weights (RFC 9110, 12.5.1), and of what it wants alike what it names first.
 * @throws NmodeError (BAD_USAGE) where nothing of what is accepted can be given
 */
export function viewOf(accept = ''): View {
  const ranges = (accept.match(ENTRIES) ?? ['*/*']).map(readRange);
  const wanted = OFFERS.flatMap(({ view, type, parameter }) => {
    const fitting = ranges.filter(
      (range) =>
        [type, type.replace(/\/.*/, '/*'), '*/*'].includes(range.type) &&
        (range.view === undefined || range.view === parameter),
    );
    // The most specific tells how much it is wanted.
    const [range] = fitting.sort((a, b) => specificity(b) - specificity(a));
    return range !== undefined && range.quality > 0 ? [{ view, range }] : [];
  });
  const [best] = wanted.sort(
    ({ range: a }, { range: b }) => b.quality - a.quality || ranges.indexOf(a) - ranges.indexOf(b),
  );
  if (best !== undefined) return best.view;
  throw badUsage(
    `Accept is '${accept}': give image/png, image/png;view=mask, image/png;view=overlay, image/png;view=labels or application/json`,
  );
}

function readRange(entry: string): Range {
  const [type = '', ...parameters] = (entry.match(PARTS) ?? []).map((part) => part.trim().toLowerCase());
  const given = new Map(parameters.map(readParameter));
  return { type, view: given.get('view'), quality: parseDecimal(given.get('q') ?? '') ?? 1 };
}

function readParameter(text: string): [string, string] {
  const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const quoted = /^"(.*)"$/s.exec(value.trim())?.[1];
  return [name.trim(), quoted?.replace(/\\(.)/g, '$1') ?? value.trim()];
}

/** How much a range says: a view more than a type, a type more than a kind of types. */
function specificity({ type, view }: Range): number {
  return (view === undefined ? 0 : 3) + type.split('/').filter((part) => part !== '*').length;
}
