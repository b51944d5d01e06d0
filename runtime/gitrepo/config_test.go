package gitrepo

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// list formats settings as git config --list -z does.
func listed(all []Setting) string {
	var text strings.Builder
	for _, s := range all {
		text.WriteString(s.Name())
		if !s.Bare {
			text.WriteString("\n" + s.Value)
		}
		text.WriteByte(0)
	}
	return text.String()
}

// configs are texts on which parsers differ.
var configs = []string{
	"", "# x\n; y\n", "[core]\n\tbare = false\n\tFileMode\n", "[core]bare=true", "[a]\nb = c \t # d\n", "[a]\nb = \"c # d\" ; e\n",
	"[a \"B c\"]\nd = e\n", "[a.B]\nc = d\n", "[a \"x\\\"y\\\\z\"]\nb\n", "[a]\nb = c\\\n  d\n", "[a]\nb = \"x\\n\\t\\b\\\\\\\"\"\n",
	"\xef\xbb\xbf[a]\r\nb = c\r\n", "[a]\nb = c\rd\n", "[a]\nb = \"unclosed\n", "[a]\nb = \\q\n", "[a\n]\nb=c\n", "[a]\n1b = c\n", "b = c\n", "[a]\nb c\n",
	"[a] b = c\n[d] e = f # g", "[a]\nb = \"  c  \"  \n", "[a]\nb =\n", "[a]\nb = a\"b c\"d\n", "[a] # \\\nb = c\n", "[a]\nb = c # \\\nd = e\n", "[include]\npath = x\n",
	"[A-b]\nC-D = e\n", "[]\na=b\n", "[a \"\"]\nb=c\n", "[a \"b\n\"]\nc=d\n", "[a\t\"b\"]\nc=d\n", "[a \"b\" ]\nc=d\n", "[a]\nb\v= c\n", "[a]\nb = c\x00d\n", "[a]\nb = c\\", "[a]b", "[a]b ", "[a \"b",
	"[a]\nb = x  \"\"\n", "[a]\nb = \"x\" y  \\\n  \n", "[a]\nb = x \\\n\n",
	"[a.b \"c\"]\nd=e\n", "[a]\nb\t # c\n",
}

// understand returns how git reads a text: its list, and whether it refused the
// text.
func understand(t testing.TB, text string) (list string, refused bool) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("git", "config", "--no-includes", "--list", "-z", "-f", name)
	out, err := cmd.Output()
	return string(out), err != nil
}

// TestParseConfigAsGit compares with git itself. The parser may refuse more
// than git, because a refused text counts as armed, but it must never read a
// text differently.
func TestParseConfigAsGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		runtimetest.Missing(t, err)
	}
	for _, text := range configs {
		want, refused := understand(t, text)
		all, err := ParseConfig(text)
		switch {
		case err != nil && !refused:
			t.Logf("only git understands %q", text)
		case err == nil && refused:
			t.Logf("only we understand %q", text)
		case err == nil && listed(all) != want:
			t.Errorf("%q: %s", text, cmp.Diff(want, listed(all)))
		}
		if err != nil || strings.Contains(text, "\x00") {
			continue
		}
		if again, refused := understand(t, string(FormatConfig(all))); again != listed(all) || refused {
			t.Errorf("%q was written as %q, which is %q", text, FormatConfig(all), again)
		}
	}
}

// FuzzParseConfig writes what it has read, and reads the same.
func FuzzParseConfig(f *testing.F) {
	for _, text := range configs {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseConfig(text)
		if err != nil {
			return
		}
		again, err := ParseConfig(string(FormatConfig(all)))
		if err != nil || !slices.Equal(all, again) {
			t.Errorf("%+v became %+v, %v", all, again, err)
		}
	})
}
