package agent_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

// titled returns the titles and details of the calls that began.
func titled(rec *agenttest.Recorder) (list []string) {
	for _, e := range rec.Events(event.KindToolStarted) {
		text := e.Title + ": " + e.Detail
		if e.Terminal {
			text = "$ " + text
		}
		list = append(list, text)
	}
	return list
}

// A call that is not run, and one of a disabled or unknown tool, has a title too;
// text that would control a screen is escaped.
func TestCallsSayWhatTheyDo(t *testing.T) {
	run := agenttest.Calls("",
		agenttest.Call("a", "bash", map[string]any{"cmd": "ok # \x1b[2J\u202e\n\tx"}),
		agenttest.Call("b", "download_file", map[string]any{"path": "a"}),
		agenttest.Call("c", "no\x1bne", `{"x":`))
	cut := agenttest.Calls("", agenttest.Call("d", "write_file", `{"path":"n`))
	cut.Finish = agent.FinishLength
	rec := &agenttest.Recorder{}
	a := agenttest.NewAgent(t, agenttest.Script(run, cut, agenttest.Text("Done.")), agent.Options{Client: rec, Disabled: []string{"download_file"}})
	if out := a.Run(t.Context(), "go", agent.Turn{}); out.Status != event.StatusCompleted {
		t.Fatalf("%+v", out)
	}
	want := []string{
		"$ Run: ok # \\x1b[2J\\u202e\n\tx", "Read: a", `Use no\x1bne: {"x":`, `Write: {"path":"n`,
	}
	if diff := cmp.Diff(want, titled(rec)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
