package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/runtime/local"
)

// TestMain begins as every program that runs local commands does.
func TestMain(m *testing.M) {
	local.RunIfChild()
	os.Exit(m.Run())
}

const jobs = "../../../../agent/trial/testdata/jobs"

func TestNoEndpoint(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), &out, config.Sources{}, jobs, "*", 5)
	if err == nil || !strings.Contains(err.Error(), "set OPENAI_API_KEY, or OPENAI_BASE_URL") || out.Len() > 0 {
		t.Errorf("%v, out %q", err, &out)
	}
}

func TestNoSuchJob(t *testing.T) {
	src := config.Sources{Environ: []string{"OPENAI_BASE_URL=http://127.0.0.1:1/v1"}}
	if err := run(t.Context(), &bytes.Buffer{}, src, jobs, "none-*", 5); err == nil || !strings.Contains(err.Error(), "none-*") {
		t.Error(err)
	}
}

// A model that does the job over HTTP, and one that does not.
func TestEndpoint(t *testing.T) {
	right := agenttest.Calling("a", "bash", map[string]any{"cmd": `printf '#!/bin/sh\necho "hello $1"\n' > hello.sh`})
	for _, c := range []struct {
		name    string
		replies []any
		want    string
	}{
		{"done", []any{right, agenttest.Text("done")}, ""},
		{"not done", []any{agenttest.Text("I did it.")}, "1 of 1 jobs failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := agenttest.Server(t, c.replies...)
			// The test's machine may have no sandbox; the model is the test's own.
			src := config.Sources{Environ: []string{"OPENAI_BASE_URL=" + srv.URL, "PYGENT_MODEL=m", "PYGENT_USE_DOCKER=0"}, Flags: func(c *config.Config) {
				c.Sandbox, c.Mode = "none", config.ModeAuto
			}}
			var out bytes.Buffer
			err := run(t.Context(), &out, src, jobs, "sh-patch-command", 5)
			if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
				t.Errorf("%v, want %q\n%s", err, c.want, &out)
			}
			if !strings.Contains(out.String(), "model m\n") {
				t.Errorf("no report: %s", &out)
			}
		})
	}
}
