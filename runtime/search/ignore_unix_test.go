//go:build unix

package search

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func git(t *testing.T, dir, input string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(input)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	nothing := slices.Contains(args, "check-ignore") && cmd.ProcessState.ExitCode() == 1
	if err != nil && !nothing {
		t.Fatalf("%s: %v: %s", cmd, err, errs.String())
	}
	return string(out)
}

func needGit(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		runtimetest.Missing(t, err)
	}
}

// TestAgreesWithGit: what is left out is what git ignores, for random trees and random
// rules of hostile forms, in all files that can have rules.
func TestAgreesWithGit(t *testing.T) {
	needGit(t)
	everySystem(t, func(t *testing.T) {
		for seed := range uint64(12) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 7))
				ws := tree(t, nil)
				git(t, ws.Dir(), "", "init", "-q")
				var all []string
				for range 120 {
					name := randomPath(r)
					at := filepath.Join(ws.Dir(), name)
					if os.MkdirAll(filepath.Dir(at), 0o755) == nil && os.WriteFile(at, []byte("text\n"), 0o644) == nil {
						all = append(all, name)
					}
				}
				if seed%3 == 0 { // git never ignores what it tracks
					git(t, ws.Dir(), strings.Join(all[:10], "\x00"), "--literal-pathspecs", "add", "--pathspec-from-file=-", "--pathspec-file-nul")
				}
				rules := map[string]bool{".gitignore": true, ".git/info/exclude": true}
				for _, name := range all[:8] {
					rules[filepath.Join(filepath.Dir(name), ".gitignore")] = true
				}
				for _, name := range slices.Sorted(mapKeys(rules)) {
					must(t, os.WriteFile(filepath.Join(ws.Dir(), name), []byte(randomRules(r)), 0o644))
				}
				must(t, os.MkdirAll(filepath.Join(os.Getenv("HOME"), ".config/git"), 0o755))
				must(t, os.WriteFile(filepath.Join(os.Getenv("HOME"), ".config/git/ignore"), []byte(randomRules(r)), 0o644))
				compareWithGit(t, ws, all)
			})
		}
	})
}

func mapKeys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func compareWithGit(t *testing.T, ws *runtime.Workspace, all []string) {
	t.Helper()
	ignored := map[string]bool{}
	for name := range strings.SplitSeq(git(t, ws.Dir(), strings.Join(all, "\x00"), "check-ignore", "-z", "--stdin"), "\x00") {
		ignored[name] = true
	}
	res, err := Grep(t.Context(), ws, GrepOptions{Pattern: "text", FilesOnly: true, Limit: MaxMatches, Glob: "[!.]*"})
	must(t, err)
	found := map[string]bool{}
	for _, f := range res.Files {
		found[f.Path] = true
	}
	for _, name := range all {
		if found[name] == ignored[name] {
			t.Errorf("%q: found %v, ignored by git %v: %s", name, found[name], ignored[name], git(t, ws.Dir(), name, "check-ignore", "-v", "-z", "--stdin"))
		}
	}
}

var letters = []string{"a", "b", "c", "build", "a.o", "b.txt", "foo bar", "x[1]", "!neg", "#hash", `back\slash`, "ä", "end ", "dir.d"}

func randomPath(r *rand.Rand) string {
	var elems []string
	for range 1 + r.IntN(4) {
		elems = append(elems, letters[r.IntN(len(letters))])
	}
	return strings.Join(elems, "/")
}

func randomRules(r *rand.Rand) string {
	parts := append([]string{"*", "**", "?", "[a-c]", "[!a]", "[^b]", "*.o", "*.txt", "b*", `\a`, `\!neg`, `\#hash`, "[", "[]", "[a", "[[:alpha:]]", "[]a]", "[a-]", `foo\ bar`, "foo bar", `x\[1]`, `end\ `, "end ", "***", "a**", "**b", `\`, "ä", "[ä]", "?ir.d", "*.*", `back\\slash`}, letters...)
	var text strings.Builder
	if r.IntN(5) == 0 {
		text.WriteString("\uFEFF")
	}
	for range r.IntN(6) {
		var elems []string
		for range 1 + r.IntN(3) {
			elems = append(elems, parts[r.IntN(len(parts))])
		}
		line := strings.Join(elems, "/")
		line = []string{"", "", "", "!", "/", "!/", "**/", "#"}[r.IntN(8)] + line + []string{"", "", "", "/", "/**", " ", "\t", "/*"}[r.IntN(8)]
		text.WriteString(line + []string{"\n", "\n", "\r\n"}[r.IntN(3)])
	}
	return text.String()
}
