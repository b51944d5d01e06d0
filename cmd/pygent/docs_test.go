package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
)

// documents are the documents for users, relative to the repository's root.
var documents = []string{
	"README.md", "cmd/pygent/getting-started.md", "cmd/pygent/configuration.md", "tools/README.md", "tasks/README.md",
	"runtime/README.md", "agent/README.md", "agent/session/README.md", "editors/README.md",
}

// snippet is a fenced block of a document.
type snippet struct{ language, text string }

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

func snippets(t *testing.T, document string) []snippet {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", document))
	if err != nil {
		t.Fatal(err)
	}
	var list []snippet
	for _, m := range fence.FindAllSubmatch(text, -1) {
		list = append(list, snippet{string(m[1]), string(m[2])})
	}
	return list
}

// TestDocuments compiles, runs or parses every snippet of the documents.
func TestDocuments(t *testing.T) {
	for _, document := range documents {
		t.Run(strings.ReplaceAll(document, "/", "_"), func(t *testing.T) {
			t.Parallel()
			list, user := snippets(t, document), newUser(t)
			for i, s := range list {
				switch s.language {
				case "sh":
					user.shell(t, s.text)
				case "json":
					user.json(t, s.text)
				case "toml":
					tomlSnippet(t, s.text)
				case "go":
					if i+1 == len(list) || list[i+1].language != "text" {
						t.Fatal("a Go program without its output in a text block")
					}
					user.program(t, s.text, list[i+1].text)
				case "text": // the output of a program
				case "python": // the interoperation tests run it
				case "lua": // an entry of a plugin manager's list
				default:
					t.Errorf("a snippet in %q, which no test knows:\n%s", s.language, s.text)
				}
			}
		})
	}
}

// user is a reader of a document who runs its snippets in order: with a model, settings that
// let commands run anywhere, and the repository as the current directory.
type user struct {
	dir string
	env []string
}

func newUser(t *testing.T) *user {
	t.Helper()
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		agenttest.WriteReply(w, agenttest.Text("It is done."))
	}))
	t.Cleanup(model.Close)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("pygent")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, sub := range []string{"work", "tmp", "config/pygent"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"work/bin": filepath.Dir(program), "work/cmd": filepath.Join(root, "cmd")} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	settings := "sandbox = \"none\"\nruntime = \"local\"\n"
	if err := os.WriteFile(filepath.Join(dir, "config", "pygent", config.FileName), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return &user{dir, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + filepath.Join(dir, "tmp"),
		"XDG_CONFIG_HOME=" + filepath.Join(dir, "config"), "XDG_STATE_HOME=" + filepath.Join(dir, "state"),
		"OPENAI_BASE_URL=" + model.URL + "/v1", "GORACE=" + os.Getenv("GORACE"),
	}}
}

func (u *user) command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = filepath.Join(u.dir, "work"), u.env, 10*time.Second
	return cmd
}

func (u *user) shell(t *testing.T, text string) {
	t.Helper()
	if goruntime.GOOS == "windows" {
		t.Skip("shell snippets are POSIX's")
	}
	out, err := u.command(t, "sh", "-ec", text).CombinedOutput()
	if err != nil || strings.Contains(string(out), `"error":`) {
		t.Errorf("%v in\n%s\n%s", err, text, out)
	}
}

// json sends requests to a server, one per line.
func (u *user) json(t *testing.T, text string) {
	t.Helper()
	cmd := u.command(t, "pygent", "serve")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), `"error":{`) || strings.Count(string(out), `"result":`) != strings.Count(text, "\n") {
		t.Errorf("%v in\n%s\n%s", err, text, out)
	}
	for line := range strings.Lines(text) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

func tomlSnippet(t *testing.T, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), config.FileName)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Sources{UserFile: file})
	if err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
	for _, name := range c.DisabledTools {
		if !slices.Contains(allTools(t), name) {
			t.Errorf("no tool %q, as in\n%s", name, text)
		}
	}
}

// program compiles a program as part of this module, runs it and compares its output.
func (u *user) program(t *testing.T, text, want string) {
	t.Helper()
	dir := t.TempDir()
	source, program, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "snippet.exe"), filepath.Join(dir, "overlay.json")
	there, err := filepath.Abs("internal/snippet/main.go")
	if err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{there: source}})
	if err != nil {
		t.Fatal(err)
	}
	for file, data := range map[string][]byte{source: []byte(text), overlay: replace} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", program, "./internal/snippet").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := u.command(t, program).CombinedOutput()
	if err != nil || string(out) != want {
		t.Errorf("%v: printed %q, want %q", err, out, want)
	}
}

// allTools are the names of the tools that a model gets.
func allTools(t *testing.T) []string {
	t.Helper()
	backend := inprocess.New(inprocess.Options{
		Runner:     inprocess.Agents{},
		NewRuntime: func(context.Context, *runtime.Workspace) (*runtime.Runtime, error) { return nil, nil },
	})
	m := tasks.NewManager(t.Context(), tasks.Options{Backend: backend, Sessions: session.NewManager(t.Context(), session.Options{})})
	registry, err := newRegistry(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return registry.Names()
}

// TestDocumentsNameEveryTool checks that the table of tools is complete.
func TestDocumentsNameEveryTool(t *testing.T) {
	text, err := os.ReadFile("../../tools/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range allTools(t) {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("tools/README.md does not name %s", name)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

// TestDocumentsLinkToWhatIsThere checks that linked files exist.
func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	for _, document := range documents {
		path := filepath.Join("..", "..", document)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), string(m[1]))); err != nil {
				t.Errorf("%s: %v", document, err)
			}
		}
	}
}
