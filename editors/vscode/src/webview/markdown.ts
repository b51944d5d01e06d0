/**
 * Markdown of models as HTML that is safe to insert: HTML in it is text, links.ts
 * decides which links work, images are named and not loaded, and code is
 * highlighted. Only the output of this module may go into innerHTML.
 */
import MarkdownIt from "markdown-it";
import { visible } from "../escape";
import { linkKind } from "../links";
import { highlight } from "./highlight";

/** The most characters of a highlighted code block: highlighting 4,000 takes about 1 ms. */
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
    // The address is shown, because the text of a link may claim another one.
    token?.attrSet("title", visible(String(token.attrGet("href") ?? "")));
    return self.renderToken(tokens, index, options);
  };
  md.renderer.rules.table_open = () => '<div class="table"><table>\n';
  md.renderer.rules.table_close = () => "</table></div>\n";
  return md;
}

const complete = makeRenderer(true);
const streaming = makeRenderer(false);

/** Text as HTML. Unfinished text is not highlighted, because it is rendered repeatedly. */
export function render(text: string, finished: boolean): string {
  return (finished ? complete : streaming).render(spelt(text));
}

/** Makes control characters that reorder text visible, but keeps zero-width joiners and variants of emoji. */
function spelt(text: string): string {
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, visible);
}
