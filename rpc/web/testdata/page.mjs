// Uses the page as a user does and prints a line of JSON for each step.
import assert from "node:assert/strict";
import { end, open, step } from "./browser.mjs";
import { faults } from "./faults.mjs";
import { first, looks } from "./looks.mjs";
import { strangers } from "./strangers.mjs";
import { text } from "./text.mjs";
import { work } from "./work.mjs";

const tab = await open();
await first(tab);
await work(tab);
await text(tab);
await looks(tab);
await strangers(tab);
await step(tab, "nothing went wrong in the page", async () => {
  assert.deepEqual(tab.seen.errors, []);
  assert.deepEqual(tab.seen.foreign, []);
});
await faults(tab);
await end();
