package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime/local"
)

var update = flag.Bool("update", false, "write the scripts' golden files anew")

func TestMain(m *testing.M) {
	local.RunIfChild() // the benchmarks run local commands in this process
	testscript.Main(m, map[string]func(){"pygent": main})
}

// TestScripts runs the real program as its users do: flags, exit codes, piped
// sessions. The model is an HTTP server that streams a script in OpenAI's
// format; each script file asks for one with the `model` command.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Deadline:            time.Now().Add(2 * time.Minute),
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir+"/home")
			env.Setenv("XDG_STATE_HOME", env.WorkDir+"/state")
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/config")
			env.Setenv("TMPDIR", env.WorkDir+"/tmp")
			env.Setenv("GORACE", os.Getenv("GORACE"))
			for _, dir := range []string{"home", "tmp", "config/pygent"} {
				if err := os.MkdirAll(env.WorkDir+"/"+dir, 0o700); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"model": startModel,
		},
	})
}

// startModel starts a scripted endpoint and sets OPENAI_BASE_URL to it:
//
//	model greet   answers every prompt with "Hello."
//	model tool    calls bash once and repeats what it said
//	model env     calls bash to look for secrets and repeats what it said
//	model fd      calls bash to read descriptor 9 and repeats what it said
//	model touch   calls bash, which makes a file
//	model down    answers 500
//	model slow    never answers
func startModel(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: model greet|tool|touch|env|fd|down|slow")
	}
	stop := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req struct {
			Messages []struct{ Role, Content string } `json:"messages"`
		}
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil || len(req.Messages) == 0 {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		last := req.Messages[len(req.Messages)-1]
		switch {
		case args[0] == "greet":
			agenttest.WriteReply(w, agenttest.Text("Hello."))
		case args[0] == "down":
			w.WriteHeader(http.StatusInternalServerError)
		case args[0] == "slow":
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		case last.Role == string(event.RoleTool):
			agenttest.WriteReply(w, agenttest.Text("It said: "+strings.TrimSpace(last.Content)))
		case args[0] == "fd":
			agenttest.WriteReply(w, agenttest.Calls("", agenttest.Call("call_1", "bash", map[string]any{"cmd": "cat <&9"})))
		case args[0] == "touch":
			agenttest.WriteReply(w, agenttest.Calls("", agenttest.Call("call_1", "bash", map[string]any{"cmd": "touch made"})))
		case args[0] == "env":
			agenttest.WriteReply(w, agenttest.Calls("", agenttest.Call("call_1", "bash", map[string]any{"cmd": "env; cat /proc/$PPID/environ /proc/1/environ | tr '\\0' '\\n'"})))
		default:
			agenttest.WriteReply(w, agenttest.Calls("", agenttest.Call("call_1", "bash", map[string]any{"cmd": "echo one two | tr a-z A-Z && ls"})))
		}
	}))
	ts.Defer(func() {
		close(stop)
		srv.CloseClientConnections()
		srv.Close()
	})
	ts.Setenv("OPENAI_BASE_URL", srv.URL+"/v1")
	ts.Setenv("PYGENT_MODEL_RETRIES", "0")
}
