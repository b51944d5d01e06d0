// Package replay records the traffic of any agent.Model to a file and plays it
// again: for demonstrations and tests without a key or a network, and to show
// what a model got. It knows agent's types and nothing else of the program; the
// tools, files and processes around a replayed model are real.
//
// # The file
//
// A recording is JSON lines, UTF-8, easy to write by hand. Blank lines are
// skipped but counted. The first line can be a header:
//
//	{"pygentReplay":1,"model":"gpt-4.1-mini","note":"what this is"}
//
// Every other line is one exchange: the messages since the reply that it
// continues, and the reply to them.
//
//	{"messages":[{"role":"user","content":"list"}],"reply":{"message":{"toolCalls":[{"name":"bash","arguments":{"cmd":"ls"}}]}}}
//	{"messages":[{"role":"tool","content":"$ ls\na.txt\n"}],"reply":{"message":{"content":"One file."}}}
//
// The fields of an exchange:
//
//   - after: the line whose reply this exchange continues; 0 begins a new
//     conversation. It can be omitted. Then a line that begins with a tool's
//     result continues the last line that made this call (without a toolCallId:
//     the exchange before it); any other line is tried both as the beginning of
//     a conversation and as the continuation of the exchange before.
//   - messages: each with role, content, toolCalls and toolCallId as in
//     event.Message. A message without a content field matches any content, and
//     one without toolCallId any call; fields that are present are compared
//     exactly.
//   - reply: message (the role is assistant), usage, finish. Arguments are the
//     JSON text in a string, or the JSON itself. Calls without an id get one.
//     An omitted finish is derived from the message.
//   - reasoning: the reasoning text that was streamed before the reply.
//   - error: kind (provider, contextOverflow, authRequired or other), message,
//     httpStatus, retryAfterSeconds, retryable. A reply in the same line holds
//     the text that had arrived.
//
// A conversation that is recorded without a system message matches any.
//
// # Several conversations
//
// The exchanges form a tree. The [Player] keeps no conversations: it finds the
// place of a request by walking its messages from the root, so a parent and the
// tasks that it delegates can play from one file, at the same time. When a place
// has several replies, they are used in the order of the file; then the last one
// is repeated.
package replay
