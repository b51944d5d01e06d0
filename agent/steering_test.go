package agent_test

import (
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
)

// A prompt that steers a turn before the turn's own prompt was sent follows it.
func TestSteeredPromptFollowsTheTurnsOwn(t *testing.T) {
	model := agenttest.Script(agenttest.Text("Done."))
	a := agenttest.NewAgent(t, model, agent.Options{})
	steering := agent.NewSteering(nil)
	if ok, err := a.Steer(t.Context(), steering, agent.Steered{Prompt: "steered"}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	a.Run(t.Context(), "own", agent.Turn{Steering: steering})
	sent := model.Requests()[0].Messages
	if len(sent) != 3 || sent[1].Content != "own" || sent[2].Content != "steered" {
		t.Errorf("the model got %+v", sent)
	}
}
