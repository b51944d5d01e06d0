package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

// hostile is text from a model, or from a file that it quotes, which attacks the page.
const hostile = `<img src="/broken.png" onerror="window.broken=1"> <script>window.broken=1</script>

![remote](http://example.invalid/b.png) [js](javascript:window.broken=1) [data](data:text/html,hi) [good](https://example.org/docs)

| a | <b>b</b> |
|---|---|
| ` + "\u202egnp.exe | <style>*{display:none}</style>" + ` |

- <svg onload=window.broken=1>
- a ` + "`</code><script>window.broken=1</script>`" + ` b`

const repaired = "The test failed because `total` started at **1**. I changed *one line* of [sum.py](https://example.org/sum):\n\n" +
	"```python\ndef total(numbers):\n    result = 0\n    for n in numbers:\n        result += n\n    return result\n```\n\n" +
	"| case | before | now |\n|:--|--:|--:|\n| empty list | 1 | 0 |\n| `[1, 2]` | 4 | 3 |\n\n" +
	"1. The start is 0 now.\n2. Nothing else changed:\n   - the loop,\n   - the name.\n\n> Run it with `python3 sum.py`."

const fixed = "def total(numbers):\n    result = 0\n    for n in numbers:\n        result += n\n    return result\n"

// script has the model's replies, round by round, by the first word of the prompt.
var script = map[string][]agent.Reply{
	"stream": nil, // see stream
	"hello":  {agenttest.Text("Hello from the scripted model.")},
	"fix": {
		agenttest.Calls("I look at it first.", agenttest.Call("c1", "bash", map[string]any{"cmd": "cat sum.py; echo looking"})),
		agenttest.Calls("The start is wrong.", agenttest.Call("c2", "write_file", map[string]any{"path": "sum.py", "content": fixed})),
		agenttest.Text(repaired),
	},
	"run": {
		agenttest.Calls("This takes a while.", agenttest.Call("c3", "bash", map[string]any{"cmd": "echo begun; sleep 300", "timeout": 400})),
		agenttest.Text("Done."),
	},
	"summarise": {
		agenttest.Calls("", agenttest.Call("c4", "write_file", map[string]any{"path": "summary.txt", "content": "Short.\n"})),
		agenttest.Text("`summary.txt` is there."),
	},
	"show": {
		agenttest.Calls(hostile, agenttest.Call("c5", "write_file", map[string]any{"path": "a<img src=x>|b.txt", "content": "x\n"})),
		agenttest.Calls("", agenttest.Call("c6", "bash", map[string]any{"cmd": `printf '<b>bold</b>\033[31mred\033[0m\033]0;title\007 \342\200\256gnp\n'`})),
		agenttest.Text("Shown."),
	},
	"ask": {
		agenttest.Calls("", agenttest.Call("c7", "ask_user", map[string]any{"prompt": "Which **colour**?", "options": []string{"red", "blue"}})),
		agenttest.Text("Noted."),
	},
	"spoil": {
		agenttest.Calls("", agenttest.Call("c9", "write_file", map[string]any{"path": "sum.py", "content": strings.Replace(fixed, "result +=", "result -=", 1)})),
		agenttest.Text("I leave it."),
	},
	"write": {
		agenttest.Calls("", agenttest.Call("c10", "write_file", map[string]any{"path": "down.txt", "content": "Down.\n"})),
		agenttest.Text("It is written."),
	},
	"long": {
		agenttest.Calls("", agenttest.Call("c11", "bash", map[string]any{"cmd": strings.Repeat("echo a line of many\n", 60) + "echo the end"})),
		agenttest.Text("I do not."),
	},
	"list": {
		agenttest.Calls("", agenttest.Call("c8", "bash", map[string]any{"cmd": "ls"})),
		agenttest.Text("Listed."),
	},
}

// newModel starts the scripted model.
func newModel(t *testing.T) string {
	t.Helper()
	reply := func(w http.ResponseWriter, r agenttest.ServerRequest) {
		word, rounds := "", 0
		for _, m := range r.Messages {
			switch m.Role {
			case "user":
				said, _, _ := strings.Cut(strings.ToLower(*m.Content), " ")
				if _, ok := script[said]; ok { // else Pygent wrote the message
					word, rounds = said, 0
				}
			case "assistant":
				rounds++
			default:
			}
		}
		if word == "stream" {
			stream(w, r)
			return
		}
		lines := script[word]
		if rounds >= len(lines) {
			agenttest.WriteReply(w, agenttest.Text("I have no lines for that."))
			return
		}
		n := int64(len(r.Messages))
		said := lines[rounds]
		said.Usage = event.Usage{InputTokens: 1200 + 300*n, CachedTokens: 200 * n, OutputTokens: 90 + 40*int64(rounds)}
		agenttest.WriteReply(w, said)
	}
	return agenttest.Server(t, slices.Repeat([]any{reply}, 100)...).URL
}

// stream sends the first part of a reply and then nothing until the page stops the turn.
func stream(w http.ResponseWriter, r agenttest.ServerRequest) {
	w.Header().Set("Content-Type", "text/event-stream")
	agenttest.WriteDelta(w, map[string]any{"content": "# First part\n\nthe **first"})
	select {
	case <-r.Gone:
	case <-time.After(time.Minute):
	}
}
