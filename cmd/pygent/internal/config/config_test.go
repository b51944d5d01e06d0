package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pygent/pygent/cmd/pygent/internal/config"
)

func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), config.FileName)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrecedence(t *testing.T) {
	file := write(t, `
model = "from-file"
image = "from-file"
max_tasks = 5
step_timeout = 7.5
`)
	got, err := config.Load(config.Sources{
		UserFile: file,
		Environ:  []string{"PYGENT_IMAGE=from-env", "PYGENT_MODEL=from-env", "PYGENT_MAX_TASKS=", "PYGENT_TASK_PERSONAS=a critic:a tester"},
		Flags:    func(c *config.Config) { c.Model = "from-flag" },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Model, want.Image, want.MaxTasks, want.StepTimeout = "from-flag", "from-env", 5, 7.5
	want.Personas = []string{"a critic", "a tester"}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(config.Config{}, "Origins")); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestUseDocker(t *testing.T) {
	for value, want := range map[string]string{
		"": config.RuntimeAuto, "0": config.RuntimeLocal, "1": config.RuntimeDocker, "yes": config.RuntimeDocker, "false": config.RuntimeDocker,
	} {
		got, err := config.Load(config.Sources{Environ: []string{"PYGENT_USE_DOCKER=" + value}})
		if err != nil || got.Runtime != want {
			t.Errorf("PYGENT_USE_DOCKER=%q: runtime %q, error %v, want %q", value, got.Runtime, err, want)
		}
	}
}

func TestBadSettingsAreNamed(t *testing.T) {
	tests := []struct {
		name    string
		file    string
		environ string
		want    string
	}{
		{"unknown key", "modle = \"x\"", "", `unknown setting "modle"`},
		{"unknown table", "[sandbox_options]\nx = 1", "", `unknown setting "sandbox_options"`},
		{"syntax", "model = ", "", config.FileName + ":1:"},
		{"type", "max_tasks = \"three\"", "", "max_tasks"},
		{"range", "max_tasks = 0", "", "max_tasks (PYGENT_MAX_TASKS): 0"},
		{"runtime", "runtime = \"podman\"", "", `runtime: "podman"`},
		{"mode", "mode = \"yolo\"", "", `mode: "yolo"`},
		{"network", "network = \"open\"", "", `network: "open"`},
		{"pull", "pull = \"always\"", "", `pull: "always"`},
		{"required sandbox", "require_sandbox = \"very\"", "", `require_sandbox: "very"`},
		{"required and none", "require_sandbox = \"strong\"\nsandbox = \"none\"", "", `require_sandbox: `},
		{"relative path", "sandbox_read = [\"data\"]", "", `sandbox_read: "data"`},
		{"both networks", "network = \"full\"\nnetwork_allow = [\"a.example:1\"]", "", "network_allow: "},
		{"no number", "", "PYGENT_STEP_TIMEOUT=soon", `PYGENT_STEP_TIMEOUT: "soon" is not a number`},
		{"NaN", "", "PYGENT_STEP_TIMEOUT=NaN", "step_timeout (PYGENT_STEP_TIMEOUT)"},
		{"infinite", "", "PYGENT_TASK_TIMEOUT=Inf", "task_timeout (PYGENT_TASK_TIMEOUT)"},
		{"retries", "", "PYGENT_MODEL_RETRIES=-1", "model_retries (PYGENT_MODEL_RETRIES)"},
		{"image", "", "PYGENT_IMAGE=a b", "image (PYGENT_IMAGE)"},
		{"URL with a password", "", "OPENAI_BASE_URL=https://me:hunter2@host/v1", "holds a user or password"},
		{"URL without a scheme", "", "OPENAI_BASE_URL=host/v1", "base_url (OPENAI_BASE_URL)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := config.Sources{Environ: []string{tt.environ}}
			if tt.file != "" {
				src.UserFile = write(t, tt.file)
			}
			_, err := config.Load(src)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %q is more than a line or shows a secret", err)
			}
		})
	}
	var bad *config.Error
	_, err := config.Load(config.Sources{Environ: []string{"PYGENT_MAX_TASKS=abc"}})
	if !errors.As(err, &bad) || bad.Setting != "PYGENT_MAX_TASKS" {
		t.Errorf("error %v does not name the variable", err)
	}
}

func TestWorkspaceCanOnlyTighten(t *testing.T) {
	c := config.Default()
	c.TaskTimeout = 60
	c.DisabledTools = []string{"stop"}
	dir := filepath.Dir(write(t, `
base_url = "http://evil.example/v1"
sandbox = "none"
runtime = "local"
network = "full"
network_allow = ["evil.example:443"]
max_steps = 10
max_tasks = 4
step_timeout = 5
task_timeout = 600
disabled_tools = ["bash"]
`))
	if err := c.TightenFrom(dir); err != nil {
		t.Fatal(err)
	}
	notices := c.Notices
	c.Notices = nil
	want := config.Default()
	want.MaxSteps, want.StepTimeout, want.TaskTimeout, want.DisabledTools = 10, 5, 60, []string{"stop", "bash"}
	if diff := cmp.Diff(want, c, cmpopts.IgnoreFields(config.Config{}, "Origins")); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	text := strings.Join(notices, "\n")
	for _, key := range []string{"base_url", "sandbox", "runtime", "network", "network_allow", "max_tasks", "task_timeout"} {
		if !strings.Contains(text, key+" is ignored") {
			t.Errorf("no notice that %s was ignored in:\n%s", key, text)
		}
	}
	if err := c.TightenFrom(t.TempDir()); err != nil {
		t.Errorf("a workspace without settings: %v", err)
	}
}

func TestAWorkspaceCanMakeTheModeStricter(t *testing.T) {
	for _, tt := range []struct{ ours, theirs, want string }{
		{"", "plan", "plan"},
		{"", "ask", "ask"},
		{"", "auto", ""},
		{"", "yolo", ""},
		{"plan", "ask", "plan"},
		{"plan", "auto", "plan"},
		{"ask", "auto", "ask"},
		{"ask", "yolo", "ask"},
		{"ask", "plan", "plan"},
		{"auto", "plan", "plan"},
		{"auto", "ask", "ask"},
		{"auto", "auto", "auto"},
		{"auto", "", "auto"},
	} {
		c := config.Default()
		c.Mode = tt.ours
		if err := c.TightenFrom(filepath.Dir(write(t, fmt.Sprintf("mode = %q", tt.theirs)))); err != nil || c.Mode != tt.want {
			t.Errorf("ours %q, theirs %q: %q, %v, want %q", tt.ours, tt.theirs, c.Mode, err, tt.want)
		}
	}
}

func TestAWorkspacesSettingsCannotLeadOut(t *testing.T) {
	secret := write(t, "top secret")
	dir := t.TempDir()
	if err := os.Symlink(secret, filepath.Join(dir, config.FileName)); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	c := config.Default()
	if err := c.TightenFrom(dir); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v, want one that does not show the file", err)
	}
}

func TestUnreadableFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, config.FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	c := config.Default()
	if err := c.TightenFrom(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory for a file: %v", err)
	}
	huge := write(t, "# "+strings.Repeat("x", 2<<20))
	if _, err := config.Load(config.Sources{UserFile: huge}); err == nil || !strings.Contains(err.Error(), "not a regular file of at most") {
		t.Errorf("a huge file: %v", err)
	}
}
