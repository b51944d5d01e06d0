/** Prompts that wait for the running turn to end. */
import type { Prompt, QueuedPrompt } from "./messages";

/** Prompts that may wait. */
export const maxQueue = 20;

export class Queue {
  private prompts: QueuedPrompt[] = [];
  private nextId = 1;

  get list(): QueuedPrompt[] {
    return this.prompts;
  }

  /** False: the queue is full. */
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

  /** Empties the queue and answers what was in it. */
  clear(): Prompt[] {
    const all = this.prompts;
    this.prompts = [];
    return all;
  }
}
