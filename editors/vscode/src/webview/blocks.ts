/** Finds the finished part of a growing markdown text, which need not be rendered again. */

/** The state of the text up to the start of a line. */
export class Blocks {
  private fence = "";
  private inList = false;
  private blank = true;
  private scanned = 0;
  private safe = 0;

  /**
   * Takes the whole text so far and returns the length of its finished part, which
   * ends before a line that starts a new block.
   */
  finished(text: string): number {
    for (;;) {
      const end = text.indexOf("\n", this.scanned);
      if (end < 0) return this.safe;
      this.line(text.slice(this.scanned, end), this.scanned, end + 1);
      this.scanned = end + 1;
    }
  }

  /** Whether the text ends within a code block. */
  get inCode(): boolean {
    return this.fence !== "";
  }

  /** Starts again after length characters were removed from the start of the text. */
  cut(length: number): void {
    this.scanned = Math.max(0, this.scanned - length);
    this.safe = Math.max(0, this.safe - length);
  }

  private line(line: string, start: number, next: number): void {
    if (this.fence !== "") {
      const close = /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(line)?.[1];
      if (close?.startsWith(this.fence)) {
        this.fence = "";
        if (!this.inList) this.safe = next;
      }
      this.blank = false;
      return;
    }
    if (line.trim() === "") {
      this.blank = true;
      return;
    }
    const item = /^(?:[-*+]|\d{1,9}[.)])(?:[ \t]|$)/.test(line);
    // Indented lines and items after a blank line still belong to the list.
    if (this.blank && /^\S/.test(line)) {
      if (!(item && this.inList)) this.safe = start;
      this.inList = item;
    }
    this.fence = /^\s*(`{3,}|~{3,})/.exec(line)?.[1] ?? "";
    this.blank = false;
  }
}
