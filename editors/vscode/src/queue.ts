/** Prompts that wait for the end of the running turn. */
import type { Prompt, QueuedPrompt } from "./messages";

/** The most prompts in the queue. */
export const maxQueue = 20;

export class Queue {
  private prompts: QueuedPrompt[] = [];
  private nextId = 1;

  get list(): QueuedPrompt[] {
    return this.prompts;
  }

  /** Adds a prompt; false: the queue is full. */
  add(prompt: Prompt): boolean {
    if (this.prompts.length >= maxQueue) return false;
    this.prompts.push({ ...prompt, id: this.nextId++ });
    return true;
  }

  remove(id: number): Prompt | undefined {
    const found = this.prompts.find((prompt) => prompt.id === id);
    this.prompts = this.prompts.filter((prompt) => prompt !== found);
    return found;
  }

  shift(): Prompt | undefined {
    return this.prompts.shift();
  }

  /** Empties the queue and returns its prompts. */
  clear(): Prompt[] {
    const all = this.prompts;
    this.prompts = [];
    return all;
  }
}
