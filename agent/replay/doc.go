// Package replay records the traffic of any agent.Model to a file and plays it
// again: for demonstrations and tests without a key or a network, and to look
// at what a model was told. It knows agent's types and nothing else of the
// program; the tools, files and processes around a replayed model are real.
//
// # The file
//
// A recording is JSON lines, UTF-8, easy to write by hand. Blank lines are
// skipped but counted. The first line can be a header:
//
//	{"pygentReplay":1,"model":"gpt-4.1-mini","note":"what this is"}
//
// Every other line is one exchange: messages that are new since the reply that
// it goes on from, and the reply.
//
//	{"messages":[{"role":"user","content":"list"}],"reply":{"message":{"toolCalls":[{"name":"bash","arguments":{"cmd":"ls"}}]}}}
//	{"messages":[{"role":"tool","content":"$ ls\na.txt\n"}],"reply":{"message":{"content":"One file."}}}
//
// The fields of an exchange:
//
//   - after: the line whose reply this exchange goes on from; 0 begins a new
//     conversation. It can be left out. A line that begins with a tool's result
//     then goes on from the last line that made this call (without a
//     toolCallId: from the exchange before it); any other line is tried both as
//     the beginning of a conversation and as what follows the exchange before.
//   - messages: each with role, content, toolCalls and toolCallId as in
//     agent.Message. A message without a content field matches any content, and
//     one without toolCallId any call; what is there is compared exactly.
//   - reply: message (the role is assistant), usage, finish. Arguments are the
//     JSON text in a string, or the JSON itself. Calls without an id get one.
//     finish is worked out when it is left out.
//   - reasoning: the reasoning text that was streamed before the reply.
//   - error: kind (provider, contextOverflow, authRequired or other), message,
//     httpStatus, retryAfterSeconds, retryable. A reply beside it holds the text
//     that had come by then.
//
// A conversation that is recorded without a system message matches any.
//
// # Several conversations
//
// The exchanges form a tree. The [Player] keeps no conversations: it finds the
// place of a request by walking its messages from the root, so a parent and the
// tasks that it delegates can play from one file, at the same time. Where the
// same place has several replies they are given out in the order of the file;
// the last one is then repeated.
package replay
