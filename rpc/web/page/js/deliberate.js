// Prevents accidental decisions by a key or click that was meant for something else. A
// button that decides works after it has not moved for a second, and a key after a
// second without typing.

const quiet = 1000; // milliseconds
const often = 100; // milliseconds between checks for movement
const slack = 2; // pixels, because browsers round scroll positions

let typed = -Infinity; // when text was last typed
let before = -Infinity; // when text was typed before that
const guarded = new Set();

/** Whether a key is text, not a shortcut or navigation. */
const isText = (event) => !event.ctrlKey && !event.metaKey && !event.altKey && (event.key.length === 1 || ["Enter", "Backspace", "Delete"].includes(event.key));

for (const kind of ["keydown", "paste"])
  addEventListener(
    kind,
    (event) => {
      before = typed;
      if (kind !== "paste" && !event.isComposing && !isText(event)) return;
      typed = performance.now();
      for (const one of guarded) watch(one);
    },
    true,
  );

/** Whether nothing was typed for a second. With a key's event: for a second before that key. */
export const calm = (event) => performance.now() - (event && isText(event) ? before : typed) >= quiet;

let timer = 0;

/**
 * Guards the buttons of a node that have the attribute data-decides. While they work, the
 * node has the class armed. look is called after every check. scrolled is a box whose
 * scrolling by the user does not count as movement.
 */
export function guard(node, { scrolled, look = () => {} } = {}) {
  const own = { node, scrolled, look, place: [0, 0, 0, 0], since: performance.now(), early: false };
  const stop = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  node.addEventListener("pointerdown", () => (own.early = !watch(own)), true);
  node.addEventListener(
    "keydown",
    (event) => {
      const decides = event.target.closest("[data-decides]");
      const submits = event.target.matches("input") && event.key === "Enter";
      if (!submits && !(decides && (event.key === "Enter" || event.key === " "))) return;
      own.early = !watch(own) || event.repeat || event.isComposing || (decides && !calm(event));
      if (own.early) stop(event);
    },
    true,
  );
  node.addEventListener(
    "click",
    (event) => {
      if (!event.target.closest("[data-decides]")) return;
      if (!watch(own) || own.early || event.detail > 1) stop(event);
      own.early = false;
    },
    true,
  );
  node.addEventListener("submit", (event) => watch(own) || stop(event), true);
  guarded.add(own);
  timer ||= setInterval(() => {
    for (const one of guarded) watch(one);
    if (guarded.size === 0) timer = clearInterval(timer) ?? 0;
  }, often);
  watch(own);
  return node;
}

/** Checks the position and returns whether it has been the same for long enough. */
function watch(own) {
  const { node, scrolled } = own;
  const now = performance.now();
  if (node.isConnected) own.seen = true;
  else if (own.seen) guarded.delete(own);
  const { left, top, width, height } = node.getBoundingClientRect();
  const place = [left, top + (scrolled?.scrollTop ?? 0), width, height];
  const moved = place.some((at, i) => Math.abs(at - own.place[i]) > slack);
  if (moved || document.hidden) own.since = now;
  if (moved) own.place = place;
  const armed = node.isConnected && now - own.since >= quiet;
  if (node.classList.toggle("armed", armed) !== own.armed) {
    own.armed = armed;
    for (const button of node.querySelectorAll("[data-decides]")) button.setAttribute("aria-disabled", String(!armed));
  }
  own.look(armed);
  return armed;
}
