/** What a configuration holds, as JSON. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

/** What a name stands for; undefined where that is not known. */
export type LookUp = (id: string) => Plain | undefined;

const TOKEN =
  /\s*(?:(@[A-Za-z_][\w:#]*)|(\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|('[^'\\]*'|"[^"\\]*")|([A-Za-z_]\w*)|(\/\/|[-+*()[\],]))/y;
const LONGEST = 500;
/** No list of a network's arguments is longer. */
const MOST_ELEMENTS = 64;
const DEEPEST = 16;

const WORDS: ReadonlyMap<string, Plain> = new Map<string, Plain>([
  ['True', true],
  ['False', false],
  ['None', null],
]);

class Unknown extends Error {}

/**
 * The value of a Python expression of numbers, texts, lists, tuples, names (`@channels`), `len`, `list`, `tuple`, `+`, `-`, `*` and
 * `//`; undefined for any other, of which nothing is run.
 */
export function evaluated(expression: string, lookUp: LookUp): Plain | undefined {
  try {
    return new Parser(expression, lookUp).whole();
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

class Parser {
  readonly #tokens: readonly string[];
  #place = 0;
  #depth = 0;

  constructor(
    expression: string,
    private readonly lookUp: LookUp,
  ) {
    this.#tokens = tokensOf(expression);
  }

  whole(): Plain {
    const value = this.#sum();
    if (this.#place < this.#tokens.length) throw new Unknown();
    return value;
  }

  #next(): string {
    const token = this.#tokens[this.#place++];
    if (token === undefined) throw new Unknown();
    return token;
  }

  #takes(...tokens: readonly string[]): string | undefined {
    const found = tokens.find((token) => token === this.#tokens[this.#place]);
    if (found !== undefined) this.#place++;
    return found;
  }

  #sum(): Plain {
    let value = this.#product();
    for (let sign = this.#takes('+', '-'); sign !== undefined; sign = this.#takes('+', '-')) {
      const other = this.#product();
      value = sign === '+' ? sumOf(value, other) : numberOf(value) - numberOf(other);
    }
    return value;
  }

  #product(): Plain {
    let value = this.#element();
    for (let sign = this.#takes('*', '//'); sign !== undefined; sign = this.#takes('*', '//')) {
      const other = this.#element();
      value = sign === '*' ? productOf(value, other) : Math.floor(numberOf(value) / numberOf(other));
    }
    return value;
  }

  #element(): Plain {
    if (++this.#depth > DEEPEST) throw new Unknown();
    const value = this.#atom();
    this.#depth--;
    return value;
  }

  #atom(): Plain {
    const token = this.#next();
    if (token === '-') return -numberOf(this.#element());
    if (token === '[') return this.#list(']');
    if (token === '(') return this.#parenthesis();
    if (token.startsWith('@')) return found(this.lookUp(token.slice(1)));
    if (/^\d/.test(token)) return Number(token);
    if (/^['"]/.test(token)) return token.slice(1, -1);
    const word = WORDS.get(token);
    return word === undefined ? this.#call(token) : word;
  }

  #call(name: string): Plain {
    if (this.#takes('(') === undefined) throw new Unknown();
    const [value, ...others] = this.#list(')');
    if (!Array.isArray(value) || others.length > 0) throw new Unknown();
    if (name === 'len') return value.length;
    if (name === 'list' || name === 'tuple') return value;
    throw new Unknown();
  }

  #list(end: string): readonly Plain[] {
    const values: Plain[] = [];
    while (this.#takes(end) === undefined) {
      values.push(this.#sum());
      if (this.#takes(',') !== undefined) continue;
      if (this.#next() === end) break;
      throw new Unknown();
    }
    return values;
  }

  /** `(x)` is x, `(x,)` a tuple. */
  #parenthesis(): Plain {
    const start = this.#place;
    const values = this.#list(')');
    const isTuple = values.length !== 1 || this.#tokens[this.#place - 2] === ',';
    if (this.#place === start + 1 || isTuple) return values;
    return found(values[0]);
  }
}

function tokensOf(expression: string): readonly string[] {
  const text = expression.trimEnd();
  if (text.length > LONGEST) throw new Unknown();
  const tokens: string[] = [];
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length; ) {
    const token = TOKEN.exec(text);
    if (token === null) throw new Unknown();
    tokens.push(found(token.slice(1).find((part) => part !== undefined)));
  }
  return tokens;
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Unknown();
  return value;
}

function numberOf(value: Plain): number {
  if (typeof value !== 'number') throw new Unknown();
  return value;
}

const isList = (value: Plain): value is readonly Plain[] => Array.isArray(value);

function short(list: readonly Plain[]): Plain {
  if (list.length > MOST_ELEMENTS) throw new Unknown();
  return list;
}

const sumOf = (a: Plain, b: Plain): Plain =>
  isList(a) && isList(b) ? short([...a, ...b]) : numberOf(a) + numberOf(b);

function productOf(a: Plain, b: Plain): Plain {
  if (isList(b)) return productOf(b, a);
  if (!isList(a)) return numberOf(a) * numberOf(b);
  const times = numberOf(b);
  if (times > MOST_ELEMENTS || a.length * times > MOST_ELEMENTS) throw new Unknown();
  return Array.from({ length: Math.max(0, times) }, () => a).flat();
}
