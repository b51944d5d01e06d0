// A scripted model behind OpenAI's chat API. The table below has its replies by
// prompt. Server, tools, files and commands are real.
import { createServer } from "node:http";

export const hostile = [
  '<img src="https://example.invalid/a.png" onerror="window.broken=1">',
  "<script>window.broken = 1</script>",
  "![remote](https://example.invalid/b.png)",
  "[run](command:workbench.action.quit) [js](javascript:window.broken=1) [data](data:text/html,hi) [out](../../etc/passwd)",
  "[good](https://example.org/docs) `a | b`",
  "",
  "| a | <b>b</b> |",
  "|---|---|",
  "| \u202egnp.exe | <style>*{display:none}</style> |",
]
  .join("\n\n")
  .replace("|\n\n|---", "|\n|---")
  .replace("---|\n\n|", "---|\n|");

const answer = `The test fails because \`total\` starts at **1**. I changed this line in [sum.py](sum.py):

\`\`\`python
def total(numbers):
    """Adds numbers up."""
    result = 0
    for n in numbers:
        result += n
    return result
\`\`\`

| case | before | now |
|---|---|---|
| empty list | 1 | 0 |
| \`[1, 2]\` | 4 | 3 |

1. The start is 0 now.
2. Nothing else changed.`;

const fixed = "def total(numbers):\n    result = 0\n    for n in numbers:\n        result += n\n    return result\n";

/** The model's answers, by the prompt and by the number of rounds since. */
const script = {
  hello: [{ text: "Hello from the scripted model." }],
  "fix the sum": [
    { text: "I look at it first.", call: ["bash", { cmd: "cat sum.py; echo looking" }] },
    { text: "The start is wrong.", call: ["write_file", { path: "sum.py", content: fixed }] },
    { text: answer },
  ],
  "run for long": [
    { text: "This takes a while.", call: ["bash", { cmd: "echo begun; sleep 300", timeout: 400 }] },
    { text: "Done." },
  ],
  "run with a link": [
    { call: ["bash", { cmd: "echo [the docs](command:workbench.action.toggleZenMode) # reads\necho second" }] },
    { text: "Ran." },
  ],
  "summarise notes": [
    { call: ["write_file", { path: "summary.txt", content: "Short.\n" }] },
    { text: "summary.txt is there." },
  ],
  "show me": [
    { text: hostile, call: ["write_file", { path: "a<img src=x>|b.txt", content: "x\n" }] },
    { text: "Shown." },
  ],
  "ask me": [{ call: ["ask_user", { prompt: "Which colour?", options: ["red", "blue"] }] }, { text: "Noted." }],
  "write a mistake": [
    { call: ["write_file", { path: "made.py", content: "fine\n  mistake\n" }] },
    { text: "Written." },
  ],
  "write it well": [{ call: ["write_file", { path: "made.py", content: "fine\n" }] }, { text: "Written." }],
  fail: [{ status: 401 }],
};

/** Starts the model; {url, bodies: the request bodies, requests: the messages in them, close}. */
export async function startModel() {
  const bodies = [];
  const requests = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      const sent = JSON.parse(body);
      bodies.push(sent);
      requests.push(sent.messages);
      reply(response, sent.messages);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/v1`, bodies, requests, close };
}

function reply(response, messages) {
  const at = messages.findLastIndex((message) => message.role === "user");
  const prompt = String(messages[at]?.content ?? "");
  const name = Object.keys(script).find((name) => prompt.toLowerCase().includes(name));
  const round = messages.slice(at).filter((message) => message.role === "assistant").length;
  const step = script[name]?.[round] ?? { text: `I have no lines for “${prompt.slice(0, 60)}”.` };
  if (step.status) {
    response.writeHead(step.status, { "content-type": "application/json" });
    return response.end(
      JSON.stringify({ error: { message: "the scripted model refuses", type: "invalid_request_error" } }),
    );
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const chunk = (delta, finish = null) =>
    response.write(
      `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "scripted", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`,
    );
  const pieces = (step.text ?? "").match(/.{1,12}/gs) ?? [];
  const next = () => {
    const piece = pieces.shift();
    if (piece !== undefined) {
      chunk({ content: piece });
      return setTimeout(next, 4);
    }
    if (step.call) {
      const [tool, args] = step.call;
      chunk({
        tool_calls: [
          {
            index: 0,
            id: `call_${messages.length}`,
            type: "function",
            function: { name: tool, arguments: JSON.stringify(args) },
          },
        ],
      });
    }
    chunk({}, step.call ? "tool_calls" : "stop");
    response.write(
      `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "scripted", choices: [], usage: { prompt_tokens: 1200, completion_tokens: 340, total_tokens: 1540 } })}\n\n`,
    );
    response.end("data: [DONE]\n\n");
  };
  next();
}
