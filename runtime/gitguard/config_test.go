package gitguard

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

// list words settings as git config --list -z does.
func listed(all []setting) string {
	var text strings.Builder
	for _, s := range all {
		text.WriteString(s.name())
		if !s.bare {
			text.WriteString("\n" + s.value)
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

// understand is what both of us make of a text: git's list, and whether it refused.
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

// TestParseConfigAsGit compares with git itself. We may refuse more than git, for
// what we refuse is taken as armed, but must never understand something else.
func TestParseConfigAsGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		runtimetest.Missing(t, err)
	}
	for _, text := range configs {
		want, refused := understand(t, text)
		all, err := parseConfig(text)
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
		if again, refused := understand(t, string(writeConfig(all))); again != listed(all) || refused {
			t.Errorf("%q was written as %q, which is %q", text, writeConfig(all), again)
		}
	}
}

// FuzzParseConfig writes what it has read, and reads the same.
func FuzzParseConfig(f *testing.F) {
	for _, text := range configs {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := parseConfig(text)
		if err != nil {
			return
		}
		again, err := parseConfig(string(writeConfig(all)))
		if err != nil || !slices.Equal(all, again) {
			t.Errorf("%+v became %+v, %v", all, again, err)
		}
	})
}

func TestRuns(t *testing.T) {
	for text, want := range map[string]bool{
		"[core]\nfsmonitor=true": false, "[core]\nfsmonitor=x": true, "[core]\nsshCommand=x": true, "[core]\npager=x": true, "[core]\neditor=x": true,
		"[core]\nhooksPath=x": true, "[core]\ngitProxy=x": true, "[core]\naskPass=x": true, "[core]\nworktree=/": true, "[sequence]\neditor=x": true,
		"[pager]\nlog=x": true, "[alias]\na=x": true, "[credential]\nhelper=x": true, "[credential \"https://x\"]\nhelper=x": true,
		"[gpg]\nprogram=x": true, "[gpg \"ssh\"]\ndefaultKeyCommand=x": true, "[diff]\nexternal=x": true, "[diff \"x\"]\ncommand=x": true,
		"[diff \"x\"]\ntextconv=x": true, "[diff \"x\"]\ncachetextconv=true": true, "[filter \"x\"]\nsmudge=x": true, "[filter \"x\"]\nrequired=true": true,
		"[merge \"x\"]\ndriver=x": true, "[mergetool \"x\"]\ncmd=x": true, "[include]\npath=x": true, "[includeIf \"gitdir:/\"]\npath=x": true,
		"[remote \"x\"]\nuploadpack=x": true, "[remote \"x\"]\nurl=ext::x": true, "[url \"ext::x\"]\ninsteadOf=https:": true, "[protocol \"ext\"]\nallow=always": true,
		"[submodule \"x\"]\nupdate=!x": true, "[interactive]\ndiffFilter=x": true, "[trailer \"x\"]\ncmd=x": true, "[init]\ntemplateDir=x": true,
		"[remote \"origin\"]\nurl=https://x\nfetch=+refs/heads/*:refs/remotes/origin/*\n[branch \"main\"]\nremote=origin\nmerge=refs/heads/main":            false,
		"[core]\nrepositoryformatversion=0\nfilemode=true\nbare=false\nlogallrefupdates=true\nignorecase=true\nprecomposeunicode=true\nautocrlf=input":      false,
		"[user]\nname=x\nemail=y\n[pull]\nrebase=true\n[push]\ndefault=simple\n[extensions]\nworktreeConfig=true\n[submodule \"x\"]\nactive=true\nurl=../x": false,
	} {
		all, err := parseConfig(text)
		if got := slices.ContainsFunc(all, func(s setting) bool { return s.runs(false) }); got != want || err != nil {
			t.Errorf("%q: %t, %v", text, got, err)
		}
	}
}
