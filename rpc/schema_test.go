package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

// The checked-in files equal the generated ones.
func TestGenerated(t *testing.T) {
	for name, want := range map[string][]byte{
		"protocol.md": Markdown(), "protocol.schema.json": Schema(),
		"../editors/vscode/src/protocol.ts": TypeScript(), "../editors/nvim/lua/pygent/protocol.lua": Lua(),
	} {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale, run go generate ./...:\n%s", name, cmp.Diff(string(got), string(want)))
		}
	}
}

func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range methods() {
		if ident := methodIdent(e.name); seen[ident] || strings.Trim(ident, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			t.Errorf("%q: %q is no identifier, or taken", e.name, ident)
		} else if ident != e.name {
			seen[ident] = true
		}
		if seen[e.name] || e.doc == "" || strings.ContainsAny(e.name, "\"\\") {
			t.Errorf("%q: twice, without a doc, or not plain", e.name)
		}
		seen[e.name] = true
	}
}

// definition resolves one definition of the document, as a validator would.
func definition(t *testing.T, document []byte, name string) *jsonschema.Resolved {
	t.Helper()
	var root jsonschema.Schema
	if err := json.Unmarshal(document, &root); err != nil {
		t.Fatal(err)
	}
	if root.Defs[name] == nil {
		t.Fatalf("no definition %q", name)
	}
	resolved, err := (&jsonschema.Schema{Ref: "#/$defs/" + name, Defs: root.Defs}).Resolve(nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return resolved
}

// The schema describes the real wire values.
func TestSchemaOfRealValues(t *testing.T) {
	now := time.Now()
	code := 3
	detail := Detail(&agent.ProviderError{HTTPStatus: 500, Message: "broken"})
	values := map[string]any{
		"StepParams": session.StepParams{Prompt: "p", Context: []session.ContextItem{{Path: "a", Range: &session.LineRange{Start: 1, End: 2}}}},
		"StepResult": session.StepResult{Changes: []runtime.Change{{Path: "a", Change: "added"}}, Error: detail, Question: &event.TurnQuestion{Text: "q"}},
		"Event":      event.Event{Time: now, Kind: event.KindToolFinished, ExitCode: &code, Usage: &event.Usage{}, Error: detail},
		"Changed":    tasks.Changed{Task: tasks.Task{StartedAt: now, EndedAt: &now, Changes: []runtime.Change{}}},
		"Approval":   event.Approval{Options: []event.Choice{"allow"}},
		"Decision":   event.Decision{Decision: "deny"},
		"Info":       runtime.Info{Kind: "local"},
	}
	document := Schema()
	for name, v := range values {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var decoded any
		if err := json.Unmarshal(b, &decoded); err != nil {
			t.Fatal(err)
		}
		if err := definition(t, document, name).Validate(decoded); err != nil {
			t.Errorf("%s: %s: %v", name, b, err)
		}
	}
	if err := definition(t, document, "StepParams").Validate(map[string]any{"prompt": 7}); err == nil {
		t.Error("a wrong prompt is valid")
	}
	if err := definition(t, document, "Task").Validate(map[string]any{"changes": nil}); err == nil {
		t.Error("a null for a list is valid")
	}
}

// Every frame of a conversation is valid: its params and results match the schema of the
// table that served it.
func TestSchemaOfConversation(t *testing.T) {
	document := schemaOf(labTable())
	v := open(t, newLab(Options{}))
	v.send(t, initialize)
	v.reply(t) // refused: already initialized
	check := func(name string, raw json.RawMessage) {
		t.Helper()
		var decoded any
		if err := json.Unmarshal(raw, &decoded); err != nil {
			t.Fatal(err)
		}
		if err := definition(t, document, name).Validate(decoded); err != nil {
			t.Errorf("%s: %s: %v", name, raw, err)
		}
	}
	v.send(t, `{"jsonrpc":"2.0","id":1,"method":"test/count","params":{"text":"notice","times":3}}`)
	for range 3 {
		var n struct{ Params json.RawMessage }
		if err := json.Unmarshal([]byte(v.reply(t)), &n); err != nil {
			t.Fatal(err)
		}
		check("Event", n.Params)
	}
	check("echoResult", decode(t, v.reply(t)).Result)
	v.send(t, `{"jsonrpc":"2.0","id":2,"method":"test/step"}`)
	v.send(t, `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}`)
	check("StepResult", decode(t, v.reply(t)).Result)
	v.quit(t)
}

// Every reference of a method can be resolved.
func TestReferences(t *testing.T) {
	var document struct {
		Defs    map[string]json.RawMessage `json:"$defs"`
		Methods map[string]struct {
			Kind, Doc      string
			Params, Result struct {
				Ref string `json:"$ref"`
			}
		}
	}
	if err := json.Unmarshal(Schema(), &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Methods) != len(methods()) {
		t.Errorf("%d methods", len(document.Methods))
	}
	for name, m := range document.Methods {
		for _, ref := range []string{m.Params.Ref, m.Result.Ref} {
			if ref != "" && document.Defs[strings.TrimPrefix(ref, "#/$defs/")] == nil {
				t.Errorf("%s: %s leads nowhere", name, ref)
			}
		}
	}
	for name := range document.Defs {
		definition(t, Schema(), name) // resolves what is below
	}
}

// Every error of the domain has its code, also when it is wrapped.
func TestDetail(t *testing.T) {
	tests := []struct {
		err  error
		want event.ErrorDetail
	}{
		{session.ErrSessionNotFound, event.ErrorDetail{Code: -31001, Data: &event.ErrorData{Kind: "sessionNotFound"}}},
		{tasks.ErrNotFound, event.ErrorDetail{Code: -31002, Data: &event.ErrorData{Kind: "taskNotFound"}}},
		{agent.ErrBusy, event.ErrorDetail{Code: -31003, Data: &event.ErrorData{Kind: "busy", Retryable: true}}},
		{tasks.ErrLimit, event.ErrorDetail{Code: -31003, Data: &event.ErrorData{Kind: "busy", Retryable: true}}},
		{runtime.ErrUnavailable, event.ErrorDetail{Code: -31005, Data: &event.ErrorData{Kind: "runtimeUnavailable", Retryable: true}}},
		{tasks.ErrNested, event.ErrorDetail{Code: -31006, Data: &event.ErrorData{Kind: "denied"}}},
		{runtime.ErrProtected, event.ErrorDetail{Code: -31006, Data: &event.ErrorData{Kind: "protectedPath"}}},
		{runtime.ErrOutside, event.ErrorDetail{Code: -31007, Data: &event.ErrorData{Kind: "outsideWorkspace"}}},
		{agent.ErrAuthRequired, event.ErrorDetail{Code: -31008, Data: &event.ErrorData{Kind: "authRequired"}}},
		{agent.ErrContextOverflow, event.ErrorDetail{Code: -31011, Data: &event.ErrorData{Kind: "contextOverflow"}}},
		{runtime.ErrTooLarge, event.ErrorDetail{Code: -31013, Data: &event.ErrorData{Kind: "tooLarge"}}},
		{runtime.ErrNotFound, event.ErrorDetail{Code: -32602, Data: &event.ErrorData{Kind: "invalidParams"}}},
		{&runtime.InvalidError{Field: "f", Reason: "r"}, event.ErrorDetail{Code: -32602, Data: &event.ErrorData{Kind: "invalidParams"}}},
		{errors.New("else"), event.ErrorDetail{Code: -32603, Data: &event.ErrorData{Kind: "internal"}}},
		{&Error{Code: 7, Data: &event.ErrorData{Kind: "k"}}, event.ErrorDetail{Code: 7, Data: &event.ErrorData{Kind: "k"}}},
	}
	for _, tt := range tests {
		got := Detail(fmt.Errorf("wrapped: %w", tt.err))
		if got.Message == "" && tt.want.Code != 7 {
			t.Errorf("%v: no message", tt.err)
		}
		got.Message = ""
		if diff := cmp.Diff(&tt.want, got); diff != "" {
			t.Errorf("%v: %s", tt.err, diff)
		}
	}
}
