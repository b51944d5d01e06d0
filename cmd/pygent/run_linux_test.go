package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
)

// If stderr is a file, nobody sees a question, so it is denied.
func TestRunAsksOnlyWhereItIsSeen(t *testing.T) {
	s, root := newChat(t, func(w http.ResponseWriter, req agenttest.ServerRequest) {
		if last := req.Messages[len(req.Messages)-1]; last.Role == event.RoleTool {
			agenttest.WriteReply(w, agenttest.Text("It is over."))
			return
		}
		agenttest.WriteReply(w, agenttest.Calls("", agenttest.Call("c", "bash", map[string]any{"cmd": "touch made"})))
	})
	s.start(root, `pygent run --no-docker --sandbox=none hi 2>log; echo "exit code $?"`)
	if code := s.ended(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	log, err := os.ReadFile(filepath.Join(root, "log"))
	if err != nil || !strings.Contains(string(log), "nobody is there to ask") {
		t.Errorf("the log: %v\n%s", err, log)
	}
	if _, err := os.Stat(filepath.Join(root, "made")); err == nil {
		t.Error("the command ran")
	}
}
