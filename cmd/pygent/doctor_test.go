package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestDoctorAsksTheModel(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int // 0 answers
		ok     bool
		cure   string
	}{
		{"answers", 0, true, ""},
		{"wrong key", http.StatusUnauthorized, false, "OPENAI_API_KEY"},
		{"no such model", http.StatusNotFound, false, `has a model "gpt-4.1-mini"`},
		{"trouble", http.StatusServiceUnavailable, false, "try again later"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if asked++; tt.status != 0 {
					w.WriteHeader(tt.status)
					return
				}
				agenttest.WriteReply(w, agenttest.Text("ok"))
			}))
			defer srv.Close()
			cfg := config.Default()
			cfg.BaseURL, cfg.APIKey = srv.URL, "sk-hunter2"
			f := ask(context.Background(), cfg)
			if f.OK != tt.ok || !strings.Contains(f.Cure, tt.cure) || (f.Cure == "") != tt.ok || !f.Needed {
				t.Errorf("%+v", f)
			}
			if asked != 1 || strings.Contains(f.Detail+f.Cure, "hunter2") {
				t.Errorf("asked %d times: %+v", asked, f)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		srv := httptest.NewServer(nil)
		srv.Close()
		cfg := config.Default()
		cfg.BaseURL = srv.URL
		if f := ask(context.Background(), cfg); f.OK || !strings.Contains(f.Cure, "start the server") {
			t.Errorf("%+v", f)
		}
	})
}

func TestDoctorFindsClientsOfEditors(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	for _, name := range []string{"with", "without"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	client := filepath.Join(dir, "extensions", "pygent.pygent-1.0")
	if err := os.MkdirAll(client, 0o700); err != nil {
		t.Fatal(err)
	}
	known := []editor{
		{"A", []string{"with"}, []string{filepath.Join(dir, "extensions", "pygent.pygent-*")}},
		{"B", []string{"without"}, []string{filepath.Join(dir, "other", "*")}},
		{"C", []string{"missing"}, nil},
	}
	got := editors(known)
	if len(got) != 2 || !got[0].OK || !strings.Contains(got[0].Detail, client) || got[1].OK || got[1].Cure == "" || got[1].Needed {
		t.Errorf("%+v", got)
	}
	if got := editors(known[2:]); len(got) != 1 || !got[0].OK {
		t.Errorf("%+v", got)
	}
}

// TestDoctorHasCures breaks one thing after the other. Each failed check has a remedy, also in
// the JSON report.
func TestDoctorHasCures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, variable, value, finding, cure string }{
		{"no model", "OPENAI_BASE_URL", "", "endpoint", "set OPENAI_API_KEY"},
		{"no docker", "DOCKER_HOST", "unix://" + file, "docker", "after the address"},
		{"no image", "PYGENT_IMAGE", "pygent-test:none", "docker", ""}, // Docker's text, if Docker is installed
		{"no state directory", "XDG_STATE_HOME", file, "directory", "set XDG_STATE_HOME"},
		{"not on PATH", "PATH", t.TempDir(), "PATH", "to PATH"},
		{"wrong setting", "PYGENT_MAX_TASKS", "many", "settings", "correct the setting"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("XDG_STATE_HOME", t.TempDir())
			t.Setenv("XDG_CONFIG_HOME", t.TempDir())
			t.Setenv("OPENAI_API_KEY", "")
			t.Setenv(tt.variable, tt.value)
			out, _ := pygent(t, exitFailed, "doctor", "--json", "--offline")
			var d diagnosis
			if err := json.Unmarshal([]byte(out), &d); err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range d.Findings {
				if !f.OK && f.Cure == "" {
					t.Errorf("no cure for %+v", f)
				}
				found = found || f.Name == tt.finding && !f.OK && strings.Contains(f.Cure, tt.cure)
			}
			if !found {
				t.Errorf("no finding of %s with %q in\n%s", tt.finding, tt.cure, out)
			}
		})
	}
}

// TestDoctorTriesAContainer uses a real container, because only that shows the supervisor.
func TestDoctorTriesAContainer(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("OPENAI_API_KEY", "")
	image := os.Getenv("PYGENT_TEST_IMAGE")
	if image == "" {
		image = "pygent-test:busybox"
	}
	out, _ := pygent(t, exitFailed, "doctor", "--json", "--offline", "--docker", "--image", image)
	var d diagnosis
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatal(err)
	}
	if !d.Runs {
		runtimetest.Missing(t, "needs Docker: ", d.Runtime.Reason)
	}
	for _, f := range d.Findings {
		if f.Name == "container" {
			if f.OK == (d.Runtime.Reason != "") || f.OK == (f.Cure != "") {
				t.Errorf("%+v, %+v", f, d.Runtime)
			}
			return
		}
	}
	t.Errorf("no container was tried: %s", out)
}
