package protect_test

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime/protect"
)

func TestTold(t *testing.T) {
	direnv, code := " ("+protect.Named(".envrc")+")", " ("+protect.Named(".vscode")+")"
	for _, c := range []struct{ paths, want string }{
		{"", ""},
		{"a.txt node_modules/a/.npmrc", ""},
		{"a/.envrc", `"a/.envrc"` + direnv},
		{"a/.envrc .vscode/x b/.envrc vendor/x/.envrc", `"a/.envrc", "b/.envrc"` + direnv + `; ".vscode/x"` + code},
		{".envrc a/.envrc b/.envrc c/.envrc .vscode/x d/.envrc", `".envrc", "a/.envrc", "b/.envrc" and 2 more` + direnv + `; ".vscode/x"` + code},
		{"a\x1b/.envrc", `"a\x1b/.envrc"` + direnv},
	} {
		if got := protect.Told(strings.Fields(c.paths)); got != c.want {
			t.Errorf("%q: %q, want %q", c.paths, got, c.want)
		}
	}
	many := []string{".envrc", ".vscode/x", ".idea/x", ".gdbinit", ".lldbinit", ".npmrc", ".exrc", ".zed/x"}
	if got := protect.Told(many); !strings.HasSuffix(got, "; and 2 more") || strings.Contains(got, ".zed") {
		t.Errorf("%q", got)
	}
}
