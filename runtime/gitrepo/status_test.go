package gitrepo

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestBranchAndClean(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		runtimetest.Missing(t, err)
	}
	const clean, changed, unknown = "clean", "changed", "unknown"
	for name, tt := range map[string]struct{ do, branch, state string }{
		"just committed":        {":", "main", clean},
		"another branch":        {"git checkout -q -b topic/one", "topic/one", clean},
		"no branch":             {"git checkout -q --detach", "", clean},
		"the time alone":        {"touch -d '1 hour' a.txt", "main", clean},
		"changed":               {"echo y >a.txt", "main", changed},
		"longer":                {"echo longer >>a.txt", "main", changed},
		"gone":                  {"rm a.txt", "main", changed},
		"a link in its place":   {"rm a.txt; ln -s b a.txt", "main", changed},
		"a directory":           {"rm a.txt; mkdir a.txt", "main", changed},
		"an empty directory":    {"mkdir new", "main", clean},
		"not tracked":           {"echo x >new", "main", changed},
		"not tracked, deeper":   {"mkdir -p d/e; echo x >d/e/new", "main", changed},
		"ignored":               {"echo x >x.log; mkdir build; echo x >build/y", "main", clean},
		"staged":                {"echo y >a.txt; git add a.txt", "main", changed},
		"staged, then undone":   {"echo y >a.txt; git add a.txt; git checkout -q HEAD a.txt", "main", ""}, // git has dropped the tree: either will do
		"packed":                {"git gc -q", "main", clean},
		"a submodule":           {"git init -q sub; git -C sub commit -q --allow-empty -m x; git add sub 2>/dev/null; git commit -qm sub; echo x >sub/f", "main", clean},
		"a link that is kept":   {"ln -s a.txt l; git add l; git commit -qm l; touch -h -d '1 hour' l", "main", clean},
		"a conflict":            {"git checkout -q -b o; echo o >a.txt; git commit -qam o; git checkout -q main; echo m >a.txt; git commit -qam m; git merge -q o >/dev/null || :", "main", changed},
		"no commit":             {"rm -rf .git; git init -q -b none; rm -rf * .gitignore", "none", unknown},
		"no commit, a file":     {"rm -rf .git; git init -q -b none; git add a.txt", "none", changed},
		"line ends":             {"git config core.autocrlf true; touch -d '1 hour' a.txt", "main", unknown},
		"an index of nonsense":  {"echo nonsense >.git/index", "main", unknown},
		"a HEAD of nonsense":    {"echo 'ref: refs/heads/../../x' >.git/HEAD", "../../x", clean},
		"a branch that is gone": {"echo 'ref: refs/heads/gone' >.git/HEAD", "gone", clean},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := exec.Command("sh", "-ec", `git init -q -b main; printf '*.log\nbuild/\n' >.gitignore; echo x >a.txt; touch -d '1 hour ago' a.txt .gitignore; git add .; git commit -qm begin; `+tt.do)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "HOME="+filepath.Join(dir, "..", "none"), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
				"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			tree := Find(dir, nil)
			if got := tree.Branch(); got != tt.branch {
				t.Errorf("branch %q, want %q", got, tt.branch)
			}
			is, known := tree.Clean(dir, time.Now().Add(time.Hour))
			state := map[[2]bool]string{{true, true}: clean, {false, true}: changed, {false, false}: unknown}[[2]bool{is, known}]
			if tt.state != "" && state != tt.state {
				t.Errorf("it is %s, want %s", state, tt.state)
			}
		})
	}
}
