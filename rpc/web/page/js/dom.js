// Makes DOM nodes. Text is always a text node: no part of the page parses HTML.

/**
 * An element. props are attributes, but text is the text content and a function such as
 * onclick is an event handler. false and null omit an attribute. Children are nodes or
 * strings.
 */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

const svgSpace = "http://www.w3.org/2000/svg";

/** An SVG element. */
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

// Control characters, and characters that hide or reorder text. Not the two joiners, which
// some scripts and emoji need.
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const sequence = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[()][A-Za-z0-9]|[=>78])/g;

const code = (c) => "⟨U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0") + "⟩";

/** Untrusted text, with every hidden or misleading character made visible. */
export function plain(text) {
  return String(text ?? "").replace(/\r\n?/g, "\n").replace(hidden, code);
}

/** Text on one line. */
export const line = (text) => plain(String(text ?? "").replace(/\s+/g, " ").trim());

/** Output of a command as a terminal would finally show it, without colours and overwritten text. */
export function output(text) {
  return String(text ?? "")
    .replace(sequence, "")
    .split("\n")
    .map(written)
    .join("\n")
    .replace(hidden, code);
}

/** The last state of a line: a carriage return starts it again. */
function written(text) {
  let end = text.length;
  while (text[end - 1] === "\r") end--;
  return text.slice(text.lastIndexOf("\r", end - 1) + 1, end);
}

/** Announces a text to screen readers. */
export function announce(text) {
  byId("status").textContent = text;
}

/** A message that disappears by itself. Errors stay longer. */
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

/** Runs an action of the user and shows its error. */
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

/** A button that copies a text. */
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
