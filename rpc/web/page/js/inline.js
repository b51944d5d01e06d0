// Inline Markdown: code, emphasis, links. Only web and mail links are links. Images become
// links, so that the page loads nothing.
import { h, plain } from "./dom.js";

const tooLong = 20000; // characters of a paragraph; longer text is shown as it is
const reach = 4000; // characters in which emphasis must end
const word = /[\p{L}\p{N}]/u;
const address = /https?:\/\/[^\s<>"'`\u0000-\u001f]+/y;

/** Appends text to parent. */
export function inline(parent, text, depth = 0) {
  if (text.length > tooLong || depth > 6) {
    parent.append(plain(text));
    return;
  }
  let from = 0;
  let at = 0;
  const take = (node, end) => {
    if (at > from) parent.append(plain(text.slice(from, at)));
    if (node) parent.append(node);
    from = at = end;
  };
  const dead = new Set(); // marks without an end, so that each is searched for once
  while (at < text.length) {
    const found = special(text, at, depth, dead);
    if (found) take(found.node, found.end);
    else at++;
  }
  take(null, at);
}

function special(text, at, depth, dead) {
  switch (text[at]) {
    case "\\":
      if (/[!-/:-@[-`{-~]/.test(text[at + 1] ?? "")) return { node: text[at + 1], end: at + 2 };
      return text[at + 1] === "\n" ? { node: h("br"), end: at + 2 } : null;
    case " ":
      return text.startsWith("  \n", at) ? { node: h("br"), end: at + 3 } : null;
    case "`":
      return codeSpan(text, at, dead);
    case "*":
    case "_":
    case "~":
      return emphasis(text, at, depth, dead);
    case "!":
      return text[at + 1] === "[" ? link(text, at + 1, depth, true) : null;
    case "[":
      return link(text, at, depth, false);
    case "<":
      return angled(text, at);
    case "h":
      return word.test(text[at - 1] ?? "") ? null : bare(text, at);
  }
  return null;
}

function codeSpan(text, at, dead) {
  const ticks = /`+/y;
  ticks.lastIndex = at;
  const mark = ticks.exec(text)[0];
  if (!dead.has(mark)) {
    for (let end = text.indexOf(mark, at + mark.length); end >= 0; end = text.indexOf(mark, end)) {
      const run = /`+/y;
      run.lastIndex = end;
      const length = run.exec(text)[0].length;
      if (length === mark.length) {
        let inner = text.slice(at + length, end).replace(/\n/g, " ");
        if (/^ .*[^ ].* $/.test(inner)) inner = inner.slice(1, -1);
        return { node: h("code", { text: plain(inner) }), end: end + length };
      }
      end += length;
    }
    dead.add(mark);
  }
  return { node: mark, end: at + mark.length };
}

function emphasis(text, at, depth, dead) {
  const c = text[at];
  const mark = text[at + 1] === c ? c + c : c;
  const after = text[at + mark.length] ?? " ";
  if (dead.has(mark) || mark === "~" || /\s/.test(after)) return { node: mark, end: at + mark.length };
  if (c === "_" && word.test(text[at - 1] ?? "")) return { node: mark, end: at + mark.length };
  const limit = Math.min(text.length, at + reach);
  for (let end = text.indexOf(mark, at + mark.length); end >= 0 && end < limit; end = text.indexOf(mark, end + 1)) {
    const closes = !/\s/.test(text[end - 1]) && text[end - 1] !== "\\" && !(c === "_" && word.test(text[end + mark.length] ?? ""));
    if (mark.length === 1 && text[end + 1] === c) {
      end++;
      continue;
    }
    if (!closes || end === at + mark.length) continue;
    const node = h(c === "~" ? "del" : mark.length === 2 ? "strong" : "em");
    inline(node, text.slice(at + mark.length, end), depth + 1);
    return { node, end: end + mark.length };
  }
  if (limit === text.length) dead.add(mark);
  return { node: mark, end: at + mark.length };
}

function link(text, at, depth, picture) {
  const close = bracket(text, at);
  if (close < 0 || text[close + 1] !== "(") return null;
  const target = /\(\s*(?:<([^<>\n]*)>|([^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*))(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?\s*\)/y;
  target.lastIndex = close + 1;
  const found = target.exec(text);
  if (!found) return null;
  const label = text.slice(at + 1, close);
  return { node: anchor(found[1] ?? found[2], label, depth, picture), end: target.lastIndex };
}

function bracket(text, at) {
  let open = 0;
  for (let i = at; i < text.length && i < at + 1000; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "[") open++;
    else if (text[i] === "]" && --open === 0) return i;
  }
  return -1;
}

function anchor(target, label, depth, picture) {
  const href = safeAddress(target);
  const node = href
    ? h("a", { href, target: "_blank", rel: "noopener noreferrer", title: plain(href) })
    : h("span", { class: "no-link", title: plain(target) });
  if (picture) node.append("image: ", plain(label || target));
  else inline(node, label, depth + 1);
  return node;
}

function safeAddress(target) {
  let url;
  try {
    url = new URL(target);
  } catch {
    return null;
  }
  return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
}

function angled(text, at) {
  const found = /<(https?:\/\/[^\s<>]+|mailto:[^\s<>]+)>/y;
  found.lastIndex = at;
  const match = found.exec(text);
  return match ? { node: anchor(match[1], match[1], 9, false), end: found.lastIndex } : null;
}

function bare(text, at) {
  address.lastIndex = at;
  const found = address.exec(text);
  if (!found) return null;
  let url = found[0].replace(/[.,;:!?*_~]+$/, "");
  while (url.endsWith(")") && url.split("(").length < url.split(")").length) url = url.slice(0, -1);
  return { node: anchor(url, url, 9, false), end: at + url.length };
}
