/** sharp, loaded at the first image so that importing this package costs nothing. */
export async function loadSharp() {
  return (await import('sharp')).default;
}
