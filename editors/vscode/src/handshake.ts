/** The handshake with a server: initialize, and how long a program may take to answer it. */
import type { Child } from "./child";
import { messageOf } from "./problems";
import type { InitializeParams, InitializeResult } from "./protocol";

/** Milliseconds that a program may take to answer. A server needs only a few. */
const startTime = 20_000;

/** The answer to initialize, or the reason why there is none. signal ends the wait. */
export async function shakeHands(
  child: Child,
  params: InitializeParams,
  signal: AbortSignal,
): Promise<InitializeResult | string> {
  child.connection.listen();
  const answer = child.connection.sendRequest<InitializeResult>("initialize", params);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${startTime / 1000} seconds`), startTime);
    signal.addEventListener("abort", () => resolve("stopped before it answered"));
  });
  try {
    const result = await Promise.race([answer, child.ended, late]);
    if (typeof result !== "string") await child.connection.sendNotification("initialized", {});
    return result;
  } catch (error) {
    // A broken pipe is reported before the exit that broke it, but the exit says more.
    return await Promise.race([child.ended, new Promise<string>((go) => setTimeout(go, 500, messageOf(error)))]);
  } finally {
    clearTimeout(timer);
  }
}
