package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/agent/event"
)

// A client whose diagnostics come too late three times in a row is not asked again. One that
// is sometimes late, or answers with an error, is asked again.
func TestLateDiagnostics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []string{"late", "late", "found", "late", "late", "error", "late", "late", "late", "found"}
		asked := 0
		server := newLab(Options{})
		c, _ := connect(t, server, Handlers{Request: func(ctx context.Context, _ string, _ json.RawMessage) (any, error) {
			asked++
			switch answers[asked-1] {
			case "late":
				<-ctx.Done()
				return nil, context.Cause(ctx)
			case "error":
				return nil, errors.New("no language server")
			}
			return event.DiagnosticsResult{Diagnostics: []event.Diagnostic{{Path: "f", Message: "m"}}}, nil
		}})
		can := ClientCapabilities{Experimental: &ExperimentalClient{Pygent: &PygentClient{Diagnostics: true}}}
		if err := c.Call(t.Context(), MethodInitialize, InitializeParams{Capabilities: can}, nil); err != nil {
			t.Fatal(err)
		}
		for i, answer := range answers {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			found := server.Peer().Diagnostics(ctx, event.DiagnosticsParams{Paths: []string{"f"}})
			cancel()
			synctest.Wait()
			if want := answer == "found" && i < 9; want != (len(found) == 1) {
				t.Errorf("answer %d, %s: %+v", i, answer, found)
			}
			if want := min(i+1, 9); asked != want {
				t.Errorf("asked %d times, want %d", asked, want)
			}
		}
	})
}
