package gitrepo

import (
	"encoding/binary"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// indexOf is the index that git writes for some files and submodules.
func indexOf(t testing.TB, script string) []byte {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		runtimetest.Missing(t, err)
	}
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "ID=4b825dc642cb6eb9a060e54bf8d69288fbee4904")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(cmd.Dir + "/.git/index")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const testLinks = 5000

const twoLinks = `touch a ab abc z; git add .
git update-index --add --cacheinfo 160000,$ID,lib/one --cacheinfo 160000,$ID,lib/one-more
`

func TestGitlinks(t *testing.T) {
	for name, script := range map[string]string{
		"version 2":      "git init -q; " + twoLinks,
		"version 3":      "git init -q; " + twoLinks + "touch n; git add -N n",
		"version 4":      "git init -q; " + twoLinks + "git update-index --index-version 4",
		"cache tree":     "git init -q; " + twoLinks + "git write-tree --missing-ok",
		"longer objects": "git init -q --object-format=sha256; ID=6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321;" + twoLinks,
	} {
		got, err := Gitlinks(indexOf(t, script), testLinks)
		if want := []string{"lib/one", "lib/one-more"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := Gitlinks(indexOf(t, "git init -q; "+twoLinks+"git update-index --split-index"), testLinks); err == nil {
		t.Errorf("a split index: %q", got)
	}
	many := "git init -q; for i in $(seq 5001); do echo 160000 $ID 0\t$i; done | git update-index --index-info"
	if got, err := Gitlinks(indexOf(t, strings.ReplaceAll(many, "echo 160000 $ID 0\t$i", `printf '160000 %s 0\t%s\n' $ID $i`)), testLinks); err == nil || len(got) != testLinks {
		t.Errorf("too many: %d, %v", len(got), err)
	}
}

// FuzzGitlinks: no index ends this process, or leads out of the workspace.
func FuzzGitlinks(f *testing.F) {
	f.Add(indexOf(f, "git init -q; "+twoLinks))
	f.Add(indexOf(f, "git init -q; "+twoLinks+"git update-index --index-version 4"))
	f.Add(append(binary.BigEndian.AppendUint32([]byte("DIRC\x00\x00\x00\x04"), 1<<31), make([]byte, 200)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		paths, err := Gitlinks(data, testLinks)
		for _, at := range paths {
			if strings.HasPrefix(at, "..") || strings.HasPrefix(at, "/") || err != nil && len(paths) != testLinks {
				t.Errorf("%q, %v", paths, err)
			}
		}
	})
}
