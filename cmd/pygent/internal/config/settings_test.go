package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/cmd/pygent/internal/config"
)

func TestEverySettingIsDocumented(t *testing.T) {
	for _, s := range config.Settings() {
		if !strings.HasSuffix(s.Doc, ".") {
			t.Errorf("%s: its doc tag is %q, want a sentence", s.Name, s.Doc)
		}
		if s.InFile && (s.Example == `""` || strings.HasPrefix(s.Example, `[""`)) {
			t.Errorf("%s: neither default nor example", s.Name)
		}
	}
}

// TestExample uncomments one setting after the other.
func TestExample(t *testing.T) {
	if c, err := config.Load(config.Sources{UserFile: write(t, string(config.Example()))}); err != nil || len(c.Values()) != 0 {
		t.Fatalf("the example as it is: %v, %v", c.Values(), err)
	}
	count := 0
	for _, line := range regexp.MustCompile(`(?m)^#[a-z_]+ = .*$`).FindAll(config.Example(), -1) {
		count++
		text := bytes.Replace(config.Example(), line, line[1:], 1)
		c, err := config.Load(config.Sources{UserFile: write(t, string(text))})
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if got := c.Values(); len(got) != 1 || "#"+got[0].Name+" = "+got[0].Value != string(line) {
			t.Errorf("%s: read as %v", line, got)
		}
	}
	if count < 20 {
		t.Errorf("the example has %d settings", count)
	}
}

func TestOrigins(t *testing.T) {
	file := write(t, "model = \"m\"\nimage = \"i\"\nmax_steps = 50\n")
	c, err := config.Load(config.Sources{
		UserFile: file,
		Environ:  []string{"PYGENT_IMAGE=i", "OPENAI_API_KEY=hunter2", "PYGENT_USE_DOCKER=0", "PYGENT_MODEL="},
		Flags:    func(c *config.Config) { c.LogLevel = "debug" },
	})
	if err != nil {
		t.Fatal(err)
	}
	before := c
	dir := filepath.Dir(write(t, "max_tasks = 1\nsandbox = \"none\"\n"))
	if err := c.TightenFrom(dir); err != nil {
		t.Fatal(err)
	}
	want := []config.Value{
		{Name: "model", Value: `"m"`, Origin: file},
		{Name: "OPENAI_API_KEY", Value: "(set)", Origin: "OPENAI_API_KEY"},
		{Name: "max_steps", Value: "50", Origin: file},
		{Name: "runtime", Value: `"local"`, Origin: "PYGENT_USE_DOCKER"},
		{Name: "PYGENT_USE_DOCKER", Value: `"0"`, Origin: "PYGENT_USE_DOCKER"},
		{Name: "image", Value: `"i"`, Origin: "PYGENT_IMAGE"},
		{Name: "max_tasks", Value: "1", Origin: filepath.Join(dir, config.FileName)},
		{Name: "log_level", Value: `"debug"`, Origin: "a flag"},
	}
	if diff := cmp.Diff(want, c.Values()); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if _, ok := before.Origins["max_tasks"]; ok {
		t.Error("a copy shares its origins")
	}
}

func TestGeneratedFilesAreCurrent(t *testing.T) {
	for name, want := range map[string][]byte{"configuration.md": config.Reference(), "pygent.example.toml": config.Example()} {
		got, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is stale: run go generate ./... (-want +got):\n%s", name, diff)
		}
	}
}
