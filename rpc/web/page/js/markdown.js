// Markdown as models write it: headings, lists, code, tables, quotes. Blocks become nodes,
// and HTML stays text.
import { h, plain, copyButton } from "./dom.js";
import { inline } from "./inline.js";

export const fence = /^( {0,3})(`{3,}|~{3,})[ \t]*([^`]*)$/;
export const item = /^( *)([-*+]|\d{1,9}[.)])(?:[ \t]+(.*)|)$/;
const heading = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const rule = /^ {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const quote = /^ {0,3}> ?/;
const divider = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const deepest = 8;

/** Appends the blocks of text to parent. */
export function markdown(parent, text) {
  blocks(parent, text.split("\n"), 0);
}

function blocks(parent, lines, depth) {
  if (depth > deepest) {
    parent.append(plain(lines.join("\n")));
    return;
  }
  for (let i = 0; i < lines.length; ) {
    if (!lines[i].trim()) i++;
    else i = block(parent, lines, i, depth);
  }
}

/** Appends the block that begins at line i and returns the number of the next line. */
function block(parent, lines, i, depth) {
  const text = lines[i];
  let found;
  if (fence.test(text)) return code(parent, lines, i);
  if ((found = heading.exec(text))) {
    const node = h(`h${Math.min(6, found[1].length + 2)}`);
    inline(node, found[2] ?? "");
    parent.append(node);
    return i + 1;
  }
  if (rule.test(text)) {
    parent.append(h("hr"));
    return i + 1;
  }
  if (quote.test(text)) return quoted(parent, lines, i, depth);
  if (item.test(text)) return list(parent, lines, i, depth);
  if (text.includes("|") && divider.test(lines[i + 1] ?? "")) {
    const end = table(parent, lines, i);
    if (end > i) return end;
  }
  return paragraph(parent, lines, i);
}

function paragraph(parent, lines, i) {
  let end = i + 1;
  while (end < lines.length && lines[end].trim() && !begins(lines, end)) end++;
  const node = h("p");
  inline(node, lines.slice(i, end).map((l) => l.trimStart()).join("\n").trimEnd());
  parent.append(node);
  return end;
}

function begins(lines, i) {
  const l = lines[i];
  return fence.test(l) || heading.test(l) || rule.test(l) || quote.test(l) || (item.test(l) && /^ {0,3}([-*+]|1[.)])[ \t]+\S/.test(l));
}

function code(parent, lines, i) {
  const [, indent, mark, info] = fence.exec(lines[i]);
  const close = new RegExp(`^ {0,3}${mark[0]}{${mark.length},}[ \t]*$`);
  let end = i + 1;
  while (end < lines.length && !close.test(lines[end])) end++;
  const body = lines.slice(i + 1, end).map((l) => (l.startsWith(indent) ? l.slice(indent.length) : l.trimStart()));
  parent.append(codeBlock(info, body.join("\n")).node);
  return end + 1;
}

/** A code block; more() appends to it. */
export function codeBlock(info, text) {
  const inner = document.createTextNode(plain(text));
  const language = plain(info.trim().split(/\s/)[0]).slice(0, 24);
  const node = h(
    "figure",
    { class: "code" },
    h("figcaption", {}, h("span", { text: language || "text" }), copyButton(() => inner.data)),
    h("pre", { tabindex: "0" }, h("code", {}, inner)),
  );
  return { node, more: (piece) => inner.appendData(plain(piece)) };
}

function quoted(parent, lines, i, depth) {
  let end = i;
  while (end < lines.length && (quote.test(lines[end]) || (end > i && lines[end].trim() && !begins(lines, end)))) end++;
  const node = h("blockquote");
  blocks(node, lines.slice(i, end).map((l) => l.replace(quote, "")), depth + 1);
  parent.append(node);
  return end;
}

function list(parent, lines, i, depth) {
  const [, indent, bullet] = item.exec(lines[i]);
  const ordered = /\d/.test(bullet);
  const kind = bullet.at(-1);
  const node = ordered ? h("ol", { start: parseInt(bullet, 10) === 1 ? null : parseInt(bullet, 10) }) : h("ul");
  const same = (l) => {
    const found = item.exec(l);
    return found && found[1].length < indent.length + 2 && found[2].at(-1) === kind && !rule.test(l);
  };
  while (i < lines.length && same(lines[i])) {
    const [whole, lead, mark, rest] = item.exec(lines[i]);
    const width = rest === undefined ? lead.length + mark.length + 1 : whole.length - rest.length;
    const body = [rest ?? ""];
    for (i++; i < lines.length; i++) {
      const l = lines[i];
      if (!l.trim()) {
        const next = lines.slice(i + 1, i + 3).find((n) => n.trim());
        if (next === undefined || !(/^ {2,}/.test(next) && leading(next) > lead.length)) break;
        body.push("");
      } else if (leading(l) > lead.length && leading(l) >= Math.min(width, lead.length + 2)) body.push(l.slice(Math.min(width, leading(l))));
      else if (item.test(l) || begins(lines, i)) break;
      else if (lines[i - 1].trim()) body.push(l.trimStart());
      else break;
    }
    while (i < lines.length && !lines[i].trim() && same(lines.slice(i).find((n) => n.trim()) ?? "")) i++;
    node.append(entry(body, depth));
  }
  parent.append(node);
  return i;
}

const leading = (l) => l.length - l.trimStart().length;

function entry(body, depth) {
  const node = h("li");
  const task = /^\[([ xX])\][ \t]+/.exec(body[0]);
  if (task) {
    node.className = "task-item";
    node.append(task[1] === " " ? "☐ " : "☑ ");
    body[0] = body[0].slice(task[0].length);
  }
  blocks(node, body, depth + 1);
  const only = node.querySelector(":scope > p");
  if (only && node.querySelectorAll(":scope > p").length === 1) only.replaceWith(...only.childNodes);
  return node;
}

function cells(row) {
  const inner = row.trim().replace(/^\|/, "").replace(/(^|[^\\])\|$/, "$1");
  const found = [];
  let cell = "";
  let ticks = false;
  for (let i = 0; i < inner.length; i++) {
    if (inner[i] === "\\" && inner[i + 1] === "|") cell += inner[++i];
    else if (inner[i] === "|" && !ticks) {
      found.push(cell.trim());
      cell = "";
    } else {
      if (inner[i] === "`") ticks = !ticks && inner.indexOf("`", i + 1) > 0;
      cell += inner[i];
    }
  }
  return [...found, cell.trim()];
}

function table(parent, lines, i) {
  const head = cells(lines[i]);
  const sides = cells(lines[i + 1]).map((c) => (/^:-*:$/.test(c) ? "to-centre" : c.endsWith(":") ? "to-right" : null));
  if (head.length !== sides.length) return i;
  const row = (tag, texts) =>
    h("tr", {}, ...sides.map((side, n) => {
      const cell = h(tag, { class: side });
      inline(cell, texts[n] ?? "");
      return cell;
    }));
  let end = i + 2;
  const body = h("tbody");
  for (; end < lines.length && lines[end].trim() && lines[end].includes("|"); end++) body.append(row("td", cells(lines[end])));
  parent.append(h("div", { class: "table", tabindex: "0" }, h("table", {}, h("thead", {}, row("th", head)), body)));
  return end;
}
