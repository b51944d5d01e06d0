package tasks

import "testing"

func TestProtectedPaths(t *testing.T) {
	for _, p := range []string{
		".git", ".git/config", ".git/hooks/pre-commit", "sub/.git", "sub/.git/config", "a/b/.GIT/config", ".Git", "./.git",
		".git.", ".git ", ".git...", ".git . .", ".git::$INDEX_ALLOCATION", ".git:x", "git~1", "GIT~1/config", ".g\u200cit", ".\ufeffgit/hooks",
		".gitmodules", ".vscode/tasks.json", ".v\u017fcode/tasks.json", ".idea/x", ".envrc", "deep/down/.envrc", ".nvim.lua", ".nvimrc", ".exrc",
		".mcp.json", "pygent.toml", "PYGENT.TOML", ".pygent/x", ".pygent.toml", "ok/../.git/config",
	} {
		if protected(p) == "" {
			t.Errorf("%q may be brought back", p)
		}
	}
	for _, p := range []string{
		".", "a", "git", "git/config", ".github/workflows/ci.yml", ".gitignore", ".gitattributes", "x.git", "legit~1", "vscode", "envrc", "exrc.txt", "out/result.txt", "naïve.txt",
	} {
		if why := protected(p); why != "" {
			t.Errorf("%q may not be brought back: %s", p, why)
		}
	}
}
