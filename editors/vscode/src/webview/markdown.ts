/**
 * Markdown of models as HTML that is safe to insert: HTML in it is text, links
 * are those that links.ts lets pass, images are named and not loaded, and code is
 * highlighted. The only module whose output may go into innerHTML.
 */
import MarkdownIt from "markdown-it";
import { visible } from "../escape";
import { linkKind } from "../links";
import { highlight } from "./highlight";

/** Characters of one code block that are highlighted at the most: it takes about 1 ms for 4,000. */
const maxHighlight = 20_000;

function makeRenderer(colours: boolean): InstanceType<typeof MarkdownIt> {
  const md = new MarkdownIt({
    html: false,
    linkify: false,
    breaks: false,
    highlight: (code, language) => (colours && code.length <= maxHighlight ? highlight(code, language) : ""),
  });
  md.validateLink = (href) => linkKind(href) !== undefined;
  md.renderer.rules.image = (tokens, index) => {
    const token = tokens[index];
    return `<span class="image">[image: ${md.utils.escapeHtml(token?.content || String(token?.attrGet("src") ?? ""))}]</span>`;
  };
  md.renderer.rules.link_open = (tokens, index, options, _env, self) => {
    const token = tokens[index];
    // The address is shown: the words of a link may claim another one.
    token?.attrSet("title", visible(String(token.attrGet("href") ?? "")));
    return self.renderToken(tokens, index, options);
  };
  md.renderer.rules.table_open = () => '<div class="table"><table>\n';
  md.renderer.rules.table_close = () => "</table></div>\n";
  return md;
}

const complete = makeRenderer(true);
const streaming = makeRenderer(false);

/** Text as HTML; unfinished text is not highlighted, as it is rendered again and again. */
export function render(text: string, finished: boolean): string {
  return (finished ? complete : streaming).render(spelt(text));
}

/** Controls that turn text round are spelt out, but zero-width joiners and variants of emoji stay. */
function spelt(text: string): string {
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, visible);
}
