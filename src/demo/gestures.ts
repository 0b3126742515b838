/** What pointers, wheel and keys do on the image: they zoom it, move it under its frame, and move the divider. */
import { at } from '../../graph/common/at.js';
import type { Divider } from './divider.js';
import { button, element } from './elements.js';
import type { Zoom } from './zoom.js';

/** A press of a key or a button, a double click, and an arrow, in CSS pixels. */
const [STEP, LEAP, PAN] = [1.25, 3, 40];
/** Of a wheel's pixel; the pinch of a touchpad comes as a wheel with Ctrl, in smaller ones. */
const [WHEEL, PINCH] = [0.002, 0.01];
/** Pixels of a wheel's line and page. */
const WHEEL_UNITS = [1, 16, 400];

export function followGestures(zoom: Zoom, divider: Divider): void {
  const frame = element('drop', HTMLElement);
  const canvas = element('canvas', HTMLCanvasElement);
  button('zoom-in').addEventListener('click', () => zoom.to(zoom.scale * STEP));
  button('zoom-out').addEventListener('click', () => zoom.to(zoom.scale / STEP));
  button('zoom-fit').addEventListener('click', () => zoom.to(1));
  followKeys(frame, zoom);
  followPointers(canvas, zoom, divider);
  canvas.addEventListener('dblclick', (event) => zoom.to(zoom.isZoomed ? 1 : LEAP, event));
  frame.addEventListener(
    'wheel',
    (event) => {
      const pixels = event.deltaY * at(WHEEL_UNITS, event.deltaMode);
      const before = zoom.scale;
      zoom.to(before * Math.exp(-pixels * (event.ctrlKey ? PINCH : WHEEL)), event);
      // A wheel that changes nothing scrolls the page.
      if (event.ctrlKey || zoom.scale !== before) event.preventDefault();
    },
    { passive: false },
  );
}

/** Of the buttons on the image, which a click on it brings the focus to. */
function followKeys(frame: HTMLElement, zoom: Zoom): void {
  const actions: Readonly<Record<string, () => void>> = {
    '+': () => zoom.to(zoom.scale * STEP),
    '=': () => zoom.to(zoom.scale * STEP),
    '-': () => zoom.to(zoom.scale / STEP),
    '0': () => zoom.to(1),
    ArrowLeft: () => zoom.by(PAN, 0),
    ArrowRight: () => zoom.by(-PAN, 0),
    ArrowUp: () => zoom.by(0, PAN),
    ArrowDown: () => zoom.by(0, -PAN),
  };
  frame.addEventListener('keydown', (event) => {
    const { key, ctrlKey, metaKey, altKey } = event;
    const action = actions[key];
    // The browser's own shortcuts stay its own, and arrows scroll the page as long as the whole image is seen.
    if (ctrlKey || metaKey || altKey || action === undefined) return;
    if (key.startsWith('Arrow') && !zoom.isZoomed) return;
    event.preventDefault();
    action();
  });
}

/** One pointer moves the divider or the image; two zoom. */
function followPointers(canvas: HTMLCanvasElement, zoom: Zoom, divider: Divider): void {
  const pointers = new Map<number, PointerEvent>();
  let isDividing = false;
  canvas.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || pointers.size === 2) return;
    canvas.setPointerCapture(event.pointerId);
    button('zoom-fit').focus({ preventScroll: true });
    pointers.set(event.pointerId, event);
    isDividing = pointers.size === 1 && divider.isShown && (!zoom.isZoomed || divider.isNear(event));
    if (isDividing) divider.follow(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    const [other] = [...pointers.values()].filter(({ pointerId }) => pointerId !== event.pointerId);
    pointers.set(event.pointerId, event);
    if (other !== undefined) pinch(zoom, other, before, event);
    else if (isDividing) divider.follow(event);
    else zoom.by(event.clientX - before.clientX, event.clientY - before.clientY);
  });
  for (const end of ['pointerup', 'pointercancel'] as const) {
    canvas.addEventListener(end, ({ pointerId }) => pointers.delete(pointerId));
  }
  // Two fingers are no scrolling of the page, which one may be.
  canvas.addEventListener('touchmove', (event) => event.touches.length > 1 && event.preventDefault(), {
    passive: false,
  });
}

interface Point {
  readonly clientX: number;
  readonly clientY: number;
}

/** One of two fingers has moved: what was between them stays between them. */
function pinch(zoom: Zoom, other: Point, before: Point, after: Point): void {
  const distance = (point: Point) => Math.hypot(point.clientX - other.clientX, point.clientY - other.clientY);
  zoom.by((after.clientX - before.clientX) / 2, (after.clientY - before.clientY) / 2);
  if (distance(before) === 0) return;
  zoom.to((zoom.scale * distance(after)) / distance(before), {
    clientX: (after.clientX + other.clientX) / 2,
    clientY: (after.clientY + other.clientY) / 2,
  });
}
