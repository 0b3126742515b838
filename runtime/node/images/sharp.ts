/**
 * sharp, loaded at the first image so that importing this package costs nothing. Its cache is for programs that do the same to
 * the same image again: it would hold the last hundred steps, and 50 MB.
 */
export async function loadSharp() {
  const { default: sharp } = await import('sharp');
  sharp.cache(false);
  return sharp;
}
