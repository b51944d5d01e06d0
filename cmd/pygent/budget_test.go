package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/openai"
)

// Bytes of a session's first request: every later one has all of it again.
const (
	maxRequest      = 16_000
	maxShortRequest = 6_000
	maxSystem       = 3_000
	maxTool         = 700
)

// larger are the tools that may have more than maxTool bytes.
var larger = map[string]int{"apply_patch": 1_800, "bash": 1_200, "delegate_task": 1_200}

// TestFirstRequest prints the parts of the first request with -v.
func TestFirstRequest(t *testing.T) {
	for _, tt := range []struct {
		name string
		form journal.Form
		most int
	}{
		{"with edit_file", journal.Form{EditTools: agent.EditReplace}, maxRequest},
		{"with apply_patch", journal.Form{EditTools: agent.EditPatch}, maxRequest},
		{"with both", journal.Form{EditTools: agent.EditBoth}, maxRequest},
		{"the short form", journal.Form{Short: true}, maxShortRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := agenttest.Server(t, agenttest.Text("Hello."))
			model, err := openai.New(openai.Options{BaseURL: srv.URL, Model: "m"})
			if err != nil {
				t.Fatal(err)
			}
			defer model.Close()
			tt.form.Environment = strings.Repeat("x", 400) // more than names of usual length need
			a := agent.New(model, everyTool(t), agenttest.NewRuntime(t), agent.Options{Form: tt.form, Permissions: agenttest.Anything})
			if out := a.Run(t.Context(), "hi", agent.Turn{}); out.Err != nil {
				t.Fatal(out.Err)
			}
			body := srv.Requests()[0].Body
			var request struct {
				Messages []json.RawMessage `json:"messages"`
				Tools    []json.RawMessage `json:"tools"`
			}
			if err := json.Unmarshal(body, &request); err != nil {
				t.Fatal(err)
			}
			part := func(name string, size, most int) string {
				if size > most {
					t.Errorf("%s has %d bytes, of at most %d", name, size, most)
				}
				return fmt.Sprintf("%-16s %6d of %6d\n", name, size, most)
			}
			table := part("system prompt", len(request.Messages[0]), maxSystem)
			for i, name := range srv.Requests()[0].Tools {
				most := maxTool
				if n, ok := larger[name]; ok {
					most = n
				}
				table += part(name, len(request.Tools[i]), most)
			}
			t.Logf("the first request, in bytes:\n%s%s", table, part("all", len(body), tt.most))
		})
	}
}
