/** A note and a button for a box that shows only a part of its content. */
import { button, h } from "./dom";

/** The box, and below it a note about how much of it is hidden. */
export function whole(box: HTMLElement): HTMLElement[] {
  const text = h("span");
  const all = button("Show all", () => box.classList.add("whole"), { class: "link" });
  const note = h("p", { class: "cut", hidden: true }, text, " ", all);
  const look = (): void => {
    const over = box.scrollHeight - box.clientHeight;
    if (over > 1) note.hidden = false;
    const row = parseFloat(getComputedStyle(box).lineHeight) || 18;
    const rows = (pixels: number): string => `${Math.ceil(pixels / row)} rows`;
    const below = over - box.scrollTop;
    if (over <= 1) text.textContent = "This is all of it.";
    else
      text.textContent = below > 1 ? `✂ Cut here: ${rows(below)} more below.` : `✂ The end; ${rows(over)} are above.`;
    all.hidden = over <= 1;
  };
  box.addEventListener("scroll", look);
  const sizes = new ResizeObserver(look);
  sizes.observe(box);
  if (box.firstElementChild) sizes.observe(box.firstElementChild);
  return [box, note];
}
