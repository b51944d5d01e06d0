// A note and a button for a box that shows only a part of its content.
import { h } from "./dom.js";

/** The box, and below it a note about how much of it is hidden. */
export function whole(box) {
  const text = h("span");
  const all = h("button", { type: "button", class: "link", text: "Show all" });
  const note = h("p", { class: "cut", hidden: true }, text, " ", all);
  const look = () => {
    const over = box.scrollHeight - box.clientHeight;
    if (over > 1) note.hidden = false;
    const row = parseFloat(getComputedStyle(box).lineHeight) || 20;
    const rows = (pixels) => `${Math.ceil(pixels / row)} rows`;
    const below = over - box.scrollTop;
    text.textContent = over <= 1 ? "This is all of it." : below > 1 ? `✂ Cut here: ${rows(below)} more below.` : `✂ The end; ${rows(over)} are above.`;
    all.hidden = over <= 1;
  };
  all.addEventListener("click", () => {
    box.classList.add("whole");
    look();
  });
  box.addEventListener("scroll", look);
  const sizes = new ResizeObserver(look);
  sizes.observe(box);
  if (box.firstElementChild) sizes.observe(box.firstElementChild);
  return [box, note];
}
