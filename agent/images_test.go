package agent_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

type viewIn struct {
	Bytes int `json:"bytes"`
}

// viewing makes a tool whose results have an image.
func viewing() tools.Tool {
	return tools.New("view", "", func(_ context.Context, _ tools.Env, in viewIn) (tools.Result, error) {
		return tools.Result{Text: "seen", Images: []tools.Image{{MIMEType: "image/png", Data: bytes.Repeat([]byte("x"), in.Bytes)}}}, nil
	}, tools.OnlyReads)
}

// sent returns the sizes of a request's images, in order.
func sent(req agent.Request) (sizes []int) {
	for _, m := range req.Messages {
		for _, img := range m.Images {
			sizes = append(sizes, len(img.Data))
		}
	}
	return sizes
}

func view(id string, size int) event.ToolCall { return agenttest.Call(id, "view", viewIn{size}) }

func TestImagesOfResultsAndMessages(t *testing.T) {
	model := agenttest.Script(agenttest.Calls("", view("a", 2), view("b", 3)), agenttest.Text("I see."))
	a := agenttest.NewAgent(t, model, agent.Options{}, viewing())
	a.Run(t.Context(), "look", agent.Turn{Images: []event.Image{{MIMEType: "image/png", Data: []byte("x")}}})
	if diff := cmp.Diff([]int{1, 2, 3}, sent(model.Requests()[1])); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	agenttest.CheckHistory(t, a.History())
}

func TestModelThatTakesNoImages(t *testing.T) {
	refused := &agent.ProviderError{HTTPStatus: 400, Message: "no images", Err: agent.ErrNoImages}
	var rec agenttest.Recorder
	model := agenttest.Script(agenttest.Calling("a", "view", viewIn{2}), refused, agenttest.Calling("b", "view", viewIn{2}), agenttest.Text("Blind."), agenttest.Text("Still."), refused)
	a := agenttest.NewAgent(t, model, agent.Options{Client: &rec}, viewing())
	out := a.Run(t.Context(), "look", agent.Turn{Images: []event.Image{{MIMEType: "image/png", Data: []byte("x")}}})
	if out.Status != event.StatusCompleted || out.Steps != 3 {
		t.Errorf("outcome %+v", out)
	}
	reqs := model.Requests()
	for i, want := range [][]int{{1}, {1, 2}, nil, nil} {
		if diff := cmp.Diff(want, sent(reqs[i])); diff != "" {
			t.Errorf("request %d (-want +got):\n%s", i, diff)
		}
	}
	if diff := cmp.Diff([]string{"seen\n[image left out: the model takes no images]", "seen\n[not shown: the model takes no images]"}, agenttest.Results(a.History())); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	a.Run(t.Context(), "and now?", agent.Turn{})
	if notices := rec.Events(event.KindNotice); len(notices) != 1 || notices[0].Text != "the model takes no images: they are left out of the conversation" {
		t.Errorf("notices %+v", notices)
	}
	// A refusal without an image in the conversation is an error like others.
	if out := a.Run(t.Context(), "once more", agent.Turn{}); out.Status != event.StatusFailed {
		t.Errorf("outcome %+v", out)
	}
	agenttest.CheckHistory(t, a.History())
	agenttest.CheckEvents(t, rec.Events())
}

func TestImagesAreBounded(t *testing.T) {
	const mib = 1 << 20
	var calls []event.ToolCall
	for _, size := range []int{21 * mib, 20 * mib, 20*mib - 1, 20*mib - 2, 5 * mib, 3 * mib} {
		calls = append(calls, view("", size))
	}
	model := agenttest.Script(agenttest.Calls("", calls...), agenttest.Text("ok"))
	a := agenttest.NewAgent(t, model, agent.Options{}, viewing())
	a.Run(t.Context(), "look", agent.Turn{})
	if diff := cmp.Diff([]int{20 * mib, 20*mib - 1, 20*mib - 2, 3 * mib}, sent(model.Requests()[1])); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	got := agenttest.Results(a.History())
	if !strings.Contains(got[0], "of at most 20971520 in one result]") || got[1] != "seen" || !strings.Contains(got[4], "this session has had 64 MiB of images") {
		t.Errorf("results %q", got)
	}
	for size, want := range map[int]string{21 * mib: "at most 20971520 are accepted", 2 * mib: "begin a new one", 0: ""} {
		err := a.CheckImages([]event.Image{{Data: make([]byte, size)}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
