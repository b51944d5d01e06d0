// Makes nodes. Text is always a text node: nothing here, or anywhere on the page,
// parses HTML.

/**
 * An element. props are attributes; class, text and functions ("onclick") are what
 * they are called, false and null leave an attribute out. Children are nodes or
 * strings.
 */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

const svgSpace = "http://www.w3.org/2000/svg";

/** An element of SVG. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(svgSpace, tag), props, children);
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (name === "text") node.append(value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

// Characters that hide or turn text around, and controls. The two joiners are left
// to scripts and emoji that need them.
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const sequence = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()][A-Za-z0-9]|[=>78])/g;

const code = (c) => "⟨U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + "⟩";

/** Text of others, with every character that hides or deceives made visible. */
export function plain(text) {
  return String(text ?? "").replace(/\r\n?/g, "\n").replace(hidden, code);
}

/** Text on one line. */
export const line = (text) => plain(String(text ?? "").replace(/\s+/g, " ").trim());

/** Output of a command as its last state: colours go, and what a line overwrote. */
export function output(text) {
  return String(text ?? "")
    .replace(sequence, "")
    .split("\n")
    .map(written)
    .join("\n")
    .replace(hidden, code);
}

/** What a line ended as: what stands before a carriage return was written over. */
function written(text) {
  let end = text.length;
  while (text[end - 1] === "\r") end--;
  return text.slice(text.lastIndexOf("\r", end - 1) + 1, end);
}

/** Says something to screen readers. */
export function announce(text) {
  byId("status").textContent = text;
}

/** A message that goes by itself; errors stay longer. */
export function toast(text, error = false) {
  const close = h("button", { class: "icon", "aria-label": "Close", text: "×" });
  const node = h("div", { class: error ? "toast error" : "toast" }, h("span", { text: plain(text) }), close);
  const timer = setTimeout(() => node.remove(), error ? 15000 : 5000);
  close.addEventListener("click", () => {
    clearTimeout(timer);
    node.remove();
  });
  byId("toasts").append(node);
}

/** Runs an action of the user's; what fails is said. */
export async function attempt(action, button) {
  if (button) button.disabled = true;
  try {
    return await action();
  } catch (error) {
    const hint = error.data?.hint;
    toast(hint ? `${error.message} (${hint})` : error.message, true);
  } finally {
    if (button) button.disabled = false;
  }
}

/** A button that copies. */
export function copyButton(text) {
  const button = h("button", { type: "button", class: "copy", text: "Copy" });
  button.addEventListener("click", async () => {
    await attempt(() => navigator.clipboard.writeText(text()));
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

/** 1.2 s, 3 min 5 s. */
export function duration(seconds) {
  if (!(seconds >= 0)) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** 940, 1.2k, 3.4M. */
export function count(n) {
  if (n < 1000) return String(n);
  return n < 1e6 ? `${(n / 1000).toFixed(1)}k` : `${(n / 1e6).toFixed(1)}M`;
}
