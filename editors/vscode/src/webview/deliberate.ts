/**
 * Prevents accidental decisions by a key or click that was meant for something else.
 * A button that decides works after it has not moved for a second, and a key on it
 * after a second without typing.
 */

const quiet = 1000; // milliseconds
/** milliseconds between checks for movement */
const often = 100;
/** pixels, because browsers round scroll positions */
const slack = 2;

interface Guarded {
  node: HTMLElement;
  /** scrolling of this box by the user does not count as movement */
  scrolled: HTMLElement;
  place: number[];
  since: number;
  seen: boolean;
  armed?: boolean;
  early: boolean;
  look: (armed: boolean) => void;
}

let typed = -Infinity;
let before = -Infinity;
let timer: ReturnType<typeof setInterval> | undefined;
const guarded = new Set<Guarded>();

/** Whether a key is text, not a shortcut or navigation. */
function isText(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  return event.isComposing || event.key.length === 1 || ["Enter", "Backspace", "Delete"].includes(event.key);
}

function typing(): void {
  before = typed;
  typed = performance.now();
}
addEventListener("keydown", (event) => isText(event) && typing(), true);
addEventListener("paste", typing, true);

/** Whether nothing was typed for a second. With a key's event: for a second before that key. */
export function calm(event?: KeyboardEvent): boolean {
  return performance.now() - (event && isText(event) ? before : typed) >= quiet;
}

/** Guards the buttons of a node that have the attribute data-decides. look gets after every check whether they work. */
export function guard(node: HTMLElement, scrolled: HTMLElement, look: (armed: boolean) => void): void {
  const own: Guarded = { node, scrolled, look, place: [], since: performance.now(), seen: false, early: false };
  const decides = ({ target }: Event): boolean =>
    target instanceof Element && target.closest("[data-decides]") !== null;
  node.addEventListener("pointerdown", () => void (own.early = !watch(own)), true);
  node.addEventListener("keydown", (event) => keyIsEarly(own, event, decides(event)) && stop(event), true);
  node.addEventListener(
    "click",
    (event) => {
      if (!decides(event)) return;
      if (!watch(own) || own.early || event.detail > 1) stop(event);
      own.early = false;
    },
    true,
  );
  guarded.add(own);
  timer ??= setInterval(() => {
    for (const one of guarded) watch(one);
    if (guarded.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }, often);
  watch(own);
}

function stop(event: Event): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** Whether a key would decide but must not yet. */
function keyIsEarly(own: Guarded, event: KeyboardEvent, decides: boolean): boolean {
  const submits = event.target instanceof HTMLInputElement && event.key === "Enter";
  if (!submits && !(decides && (event.key === "Enter" || event.key === " "))) return false;
  own.early = !watch(own) || event.repeat || event.isComposing || (decides && !calm(event));
  return own.early;
}

/** Checks the position and returns whether it has been the same for long enough. */
function watch(own: Guarded): boolean {
  const { node, scrolled } = own;
  const now = performance.now();
  if (node.isConnected) own.seen = true;
  else if (own.seen) guarded.delete(own);
  const { left, top, width, height } = node.getBoundingClientRect();
  const place = [left, top + scrolled.scrollTop, width, height];
  const moved = place.some((at, i) => Math.abs(at - (own.place[i] ?? 0)) > slack);
  if (moved || document.hidden) own.since = now;
  if (moved) own.place = place;
  const armed = node.isConnected && now - own.since >= quiet;
  if (armed !== own.armed) {
    own.armed = armed;
    node.classList.toggle("armed", armed);
    for (const button of node.querySelectorAll("[data-decides]")) button.setAttribute("aria-disabled", String(!armed));
    own.look(armed);
  }
  return armed;
}
