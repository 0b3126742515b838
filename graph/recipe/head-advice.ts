import { option } from '../common/option.js';

/** Which head to give where nobody says what logits become probabilities by, for messages. */
export function headAdvice(classes?: number): string {
  const one = option('head', 'sigmoid');
  const several = `${option('head', 'softmax')} where classes exclude each other, as they mostly do, or ${one} where they do not`;
  if (classes === undefined) return `${one} for one class, ${several}`;
  return classes === 1 ? one : several;
}
