package protect_test

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime/protect"
)

func TestNamed(t *testing.T) {
	for _, p := range []string{
		".git", ".git/config", ".git/hooks/pre-commit", "sub/.git", "sub/.git/config", "a/b/.GIT/config", ".Git", "./.git",
		".git.", ".git ", ".git...", ".git . .", ".git::$INDEX_ALLOCATION", ".git:x", "git~1", "GIT~1/config", "git~2", ".g\u200cit", ".\ufeffgit/hooks", `a\.git\config`,
		".git.:x", ".git\u200d .", "GIT~1.", ".hg/hgrc", ".jj/repo/config.toml", ".JJ", "hg~1",
		".gitmodules", "GITMOD~1", ".vscode/tasks.json", ".v\u017fcode/tasks.json", "VSCODE~1/tasks.json", ".idea/x", ".envrc", "deep/down/.envrc", ".envrc:x", ".nvim.lua", "NVIM~1.LUA", ".nvimrc", ".exrc",
		".mcp.json", "pygent.toml", "PYGENT.TOML", "PYGENT~1.TOM", ".pygent/x", ".pygent.toml", "ok/../.git/config",
		"x.code-workspace", "A.Code-Workspace ", "a:b.code-workspace", ".cargo/config.toml", "sub/.CARGO/Config", ".cargo/config.toml/x", "CARGO~1/CONFIG~1.TOM",
		".dir-locals.el", ".husky/pre-commit", ".yarnrc.yml", "mise.toml", "mise.local.toml", ".tool-versions", ".Rprofile", ".rprofile", ".gdbinit", "prog-gdb.py", ".lldbinit",
		".vimrc", "_vimrc", "_exrc", ".lazy.lua", ".devcontainer/devcontainer.json", ".devcontainer.json", ".claude/settings.json", ".cursor/mcp.json", ".gemini/x", ".zed/tasks.json", ".helix/languages.toml",
	} {
		if protect.Named(p) == "" {
			t.Errorf("%q is free", p)
		}
	}
	for _, p := range []string{
		".", "a", "git", "git/config", ".github/workflows/ci.yml", ".gitignore", ".gitattributes", "x.git", "legit~1", "git~x", "vscode", "envrc", "exrc.txt", "out/result.txt", "naïve.txt",
		".cargo", ".cargo/registry/x", "config.toml", "Makefile", "package.json", ".env.example", "code-workspace", "a\xff", "~1", ":", "...", "", ".yarn/cache/x",
		".eslintrc.json", "eslint.config.js", ".prettierrc", ".stylelintrc", ".flake8", "mypy.ini", ".pylintrc", ".rubocop.yml", ".formatter.exs", "analysis_options.yaml", ".php-cs-fixer.php",
		".markdownlint.cjs", "rust-toolchain.toml", "startup.m", ".project", ".merlin", ".luarc.json",
		"mise.toml.txt", "a/mise/x", ".config/a/mise", ".cargo/a/config.toml",
	} {
		if why := protect.Named(p); why != "" {
			t.Errorf("%q: %s", p, why)
		}
	}
}

// A Place and a name are judged as the path that both are.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		dir, name string
		listed    bool
	}{
		{".", ".envrc", true},
		{".", "a.txt", false},
		{"a/b", ".ENVRC", true},
		{"a/.vscode", "tasks.json", true},
		{".vscode/a/b", "x", true},
		{".cargo", "config.toml", true},
		{"x/CARGO~1", "Config", true},
		{".cargo/registry", "config.toml", false},
		{"a", ".cargo", false},
		{"a", `b\.envrc`, true},
		{".cargo", `config\x`, true},
		{"a", strings.Repeat("x", 300) + ".code-workspace", true},
		{"sub/.git", "config", true},
	} {
		got := protect.In(c.dir).Named(c.name)
		if (got != "") != c.listed || got != protect.Named(c.dir+"/"+c.name) {
			t.Errorf("%q in %q: %q, and %q of the path", c.name, c.dir, got, protect.Named(c.dir+"/"+c.name))
		}
	}
}

// The reason of a repository comes before that of a path around it.
func TestRepositoriesComeFirst(t *testing.T) {
	if got, want := protect.Named(".vscode/x/.git/config"), protect.Named(".git"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A search judges each file of a workspace, so the usual name must cost little.
func TestUsualNamesAllocateNothing(t *testing.T) {
	for _, name := range []string{"main_test.go", "README.md", ".envrc", "a/b/c.txt"} {
		if n := testing.AllocsPerRun(100, func() { protect.In("internal/server").Named(name) }); n != 0 {
			t.Errorf("%q: %v", name, n)
		}
	}
}

// Each name of the list is found in every spelling that some file system takes
// for it, alone, below a directory, and above a file.
func TestForgivingNames(t *testing.T) {
	spell := map[string]func(string) string{
		"as it is":         func(s string) string { return s },
		"capitals":         strings.ToUpper,
		"a dot at the end": func(s string) string { return s + "." },
		"blanks and dots":  func(s string) string { return s + " . " },
		"without width":    func(s string) string { return s[:1] + "\u200b" + s[1:] + "\ufeff" },
		"a stream":         func(s string) string { return s + "::$DATA" },
		"a long s":         func(s string) string { return strings.ReplaceAll(s, "s", "\u017f") },
		"a Kelvin sign":    func(s string) string { return strings.ReplaceAll(s, "k", "\u212a") },
	}
	for _, g := range protect.Groups() {
		for _, e := range g.Entries {
			if e.Reason == "" {
				t.Errorf("%q has no reason", e.Names)
			}
			for _, name := range e.Names {
				name = strings.ReplaceAll(name, "*", "x")
				for how, change := range spell {
					parts := strings.Split(name, "/")
					for i := range parts {
						parts[i] = change(parts[i])
					}
					spelled := strings.Join(parts, "/")
					for _, p := range []string{spelled, "a/b/" + spelled, spelled + "/below", strings.ReplaceAll(spelled, "/", `\`)} {
						if protect.Named(p) == "" {
							t.Errorf("%s: %q is free", how, p)
						}
					}
				}
			}
		}
	}
}

func FuzzNamed(f *testing.F) {
	for _, p := range []string{".git", "a~1~2.x", "~", "a:b:c", "\xff/..", `\\`, "*", "[", ".cargo/config"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		protect.Named(p)
		if protect.Named(p+"/.git/x") == "" && !strings.HasSuffix(p, "..") {
			t.Errorf("%q hides what is below it", p)
		}
	})
}
