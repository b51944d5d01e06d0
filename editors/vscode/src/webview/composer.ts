/** The input: text, attachments, mode and model, and the button that sends or stops. */
import { visible } from "../escape";
import type { Attachment, PanelState } from "../messages";
import { Completion } from "./completion";
import { button, h, iconButton } from "./dom";
import { draft, keepDraft, send } from "./host";

const modeNames: Record<string, string> = { plan: "Plan", ask: "Ask", auto: "Auto" };
const modeHelp: Record<string, string> = {
  plan: "reads only",
  ask: "edits and commands ask first",
  auto: "nothing asks inside the sandbox",
};

export class Composer {
  readonly element: HTMLElement;
  readonly completion: Completion;
  private readonly input = h("textarea", {
    rows: "1",
    placeholder: "Ask Pygent, @ for files",
    "aria-label": "Message to Pygent",
  });
  private readonly chips = h("div", { class: "chips" });
  private readonly queue = h("ol", { class: "queue", "aria-label": "Waiting messages" });
  private readonly folder = button("", () => command("pygent.pickFolder"), { class: "pick folder" });
  private readonly mode = button("Ask", () => command("pygent.pickMode"), { class: "pick" });
  private readonly model = button("", () => command("pygent.pickModel"), { class: "pick model" });
  private readonly usage = h("span", { class: "usage" });
  private readonly sendButton = iconButton("send", "Send", () => this.submit(), { class: "send" });
  private readonly stopButton = iconButton("stop", "Stop (Esc)", () => send({ type: "stop" }), { class: "stop" });
  private attachments: Attachment[] = [];
  private busy = false;

  /** submitted is called when a message is sent; mayStop says whether Escape may stop the turn. */
  constructor(
    private readonly submitted: () => void,
    private readonly mayStop: (written: string) => boolean,
  ) {
    this.completion = new Completion(this.input, (path, replaced) => this.mention(path, replaced));
    ({ draft: this.input.value, attachments: this.attachments } = draft());
    this.input.addEventListener("input", () => this.edited());
    this.input.addEventListener("click", () => this.completion.update());
    this.input.addEventListener("blur", () => this.completion.close());
    this.input.addEventListener("keydown", (event) => this.key(event));
    const attach = iconButton("plus", "Attach the editor’s selection or file", () => command("pygent.attach"));
    this.element = h(
      "footer",
      { class: "composer" },
      this.queue,
      this.completion.element,
      h(
        "div",
        { class: "box" },
        this.chips,
        this.input,
        h(
          "div",
          { class: "bar" },
          attach,
          this.folder,
          this.mode,
          this.model,
          h("span", { class: "space" }),
          this.usage,
          this.stopButton,
          this.sendButton,
        ),
      ),
    );
    this.edited();
  }

  set(state: PanelState): void {
    this.busy = state.busy;
    this.stopButton.hidden = !state.busy;
    this.folder.hidden = !state.manyFolders;
    this.folder.textContent = visible(state.folder);
    this.folder.title = `Folder: ${visible(state.folder)}`;
    this.mode.textContent = modeNames[state.mode] ?? state.mode;
    this.mode.title = `Mode: ${modeHelp[state.mode] ?? state.mode}`;
    this.mode.dataset.mode = state.mode;
    this.model.textContent = visible(state.model || "default model");
    this.model.title = `Model: ${state.model || "the server’s own choice"}`;
    this.input.placeholder = state.busy ? "Say more: it waits for the turn to end" : "Ask Pygent, @ for files";
    this.queue.replaceChildren(...state.queue.map((prompt) => this.queued(prompt.id, prompt.text)));
    this.edited();
  }

  setUsage({ input, output, cost }: { input: number; output: number; cost: number }): void {
    this.usage.replaceChildren(
      ...(input + output === 0 ? [] : [`↑${short(input)}`, h("span", { class: "out" }, ` ↓${short(output)}`)]),
      cost > 0 ? ` $${cost.toFixed(2)}` : "",
    );
    this.usage.title = `${input} tokens in, ${output} tokens out in this session`;
  }

  /** Adds to the input, so that the user's text is not lost. */
  compose(text: string, attachments: Attachment[]): void {
    if (text) this.input.value = this.input.value.trim() ? `${this.input.value.trimEnd()}\n${text}` : text;
    for (const attachment of attachments) this.attach(attachment);
    this.edited();
    this.focus();
  }

  focus(): void {
    this.input.focus();
  }

  private submit(): void {
    const text = this.input.value.trim();
    if (!text) return;
    // A file whose mention was deleted from the text is not attached.
    const attachments = this.attachments.filter((a) => !("mention" in a) || text.includes(`@${a.path}`));
    send({
      type: "send",
      prompt: {
        text,
        attachments: attachments.map(({ path, start, end, text: own }) => ({ path, start, end, text: own })),
      },
    });
    this.input.value = "";
    this.attachments = [];
    this.edited();
    this.submitted();
  }

  private key(event: KeyboardEvent): void {
    if (event.isComposing) return;
    if (this.completion.key(event)) return event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" && this.busy && !event.repeat && this.mayStop(this.input.value))
      send({ type: "stop" });
  }

  private edited(): void {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 240)}px`;
    this.sendButton.disabled = this.input.value.trim() === "";
    this.sendButton.hidden = this.busy && this.sendButton.disabled;
    keepDraft({ draft: this.input.value, attachments: this.attachments });
    this.completion.update();
    this.drawChips();
  }

  private mention(path: string, replaced: number): void {
    const at = this.input.selectionStart;
    this.input.setRangeText(`@${path} `, at - replaced, at, "end");
    this.attach({ path, mention: true } as Attachment);
    this.edited();
  }

  private attach(attachment: Attachment): void {
    const same = (a: Attachment): boolean =>
      a.path === attachment.path && a.start === attachment.start && a.end === attachment.end;
    if (!this.attachments.some(same)) this.attachments.push(attachment);
  }

  private drawChips(): void {
    this.chips.replaceChildren(
      ...this.attachments.map((attachment) => {
        const { path, start, end } = attachment;
        const lines = start === undefined ? "" : `:${start}${end === start ? "" : `–${end}`}`;
        const remove = iconButton("close", `Remove ${path}`, () => {
          this.attachments = this.attachments.filter((a) => a !== attachment);
          this.edited();
          this.focus();
        });
        return h(
          "span",
          { class: "chip", title: visible(path) },
          h("bdi", {}, visible(path.split("/").at(-1) ?? path) + lines),
          remove,
        );
      }),
    );
  }

  private queued(id: number, text: string): HTMLElement {
    return h(
      "li",
      {},
      h("span", {}, visible(text)),
      iconButton("close", "Take back to the input", () => send({ type: "unqueue", id })),
    );
  }
}

function command(name: string): void {
  send({ type: "command", command: name });
}

function short(tokens: number): string {
  return tokens < 1000
    ? String(tokens)
    : tokens < 1e6
      ? `${(tokens / 1000).toFixed(1)}k`
      : `${(tokens / 1e6).toFixed(1)}M`;
}
