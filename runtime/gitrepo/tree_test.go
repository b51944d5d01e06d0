//go:build linux || darwin

package gitrepo

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// tree makes a repository with one file, whose index entry is not racy.
func tree(t *testing.T, setup string) (dir string, file File) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		runtimetest.Missing(t, err)
	}
	home := t.TempDir()
	for _, name := range []string{"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "XDG_CONFIG_HOME"} {
		t.Setenv(name, "") // to be restored
		os.Unsetenv(name)
	}
	t.Setenv("HOME", home)
	dir = t.TempDir()
	cmd := exec.Command("sh", "-ec", "git init -q; mkdir sub; echo x >sub/f; touch -d '1 hour ago' sub/f; "+setup+"; git add sub; git status -s; touch -d '1 hour' .git/index")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	info, err := os.Lstat(filepath.Join(dir, "sub/f"))
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	return dir, File{Size: info.Size(), MTime: info.ModTime().UnixNano(), CTime: ctime(st), Inode: st.Ino}
}

// TestHolds: a blob has the file's content only if no setting of git says
// otherwise.
func TestHolds(t *testing.T) {
	for name, tt := range map[string]struct {
		setup string
		want  bool
	}{
		"plain":                          {":", true},
		"settings that convert nothing":  {`printf '[user]\n\tname = x\n[remote "eolian"]\n\turl = autocrlf\n' >$HOME/.gitconfig`, false}, // a name is doubt enough
		"a value is none":                {`printf '[user]\n\tname = autocrlf\n' >$HOME/.gitconfig`, true},
		"the user's":                     {`git config --global core.autocrlf input`, false},
		"the user's, in another place":   {`mkdir -p $HOME/.config/git; printf '[core]\n\teol = lf\n' >$HOME/.config/git/config`, false},
		"the user's, elsewhere":          {`printf '[core]\n\tautocrlf\n' >$HOME/else; ln -s $HOME/else $HOME/.gitconfig`, false},
		"the user's, not understood":     {`printf '[core\n' >$HOME/.gitconfig; export GIT_CONFIG_GLOBAL=/dev/null`, false},
		"the user's, with more files":    {`git config --global include.path x`, false},
		"the user's, too large":          {`head -c 2000000 /dev/zero | tr '\0' '#' >$HOME/.gitconfig`, false},
		"its own":                        {`git config core.bigFileThreshold 1`, false},
		"its own, of the worktree":       {`git config extensions.worktreeConfig true; git config --worktree core.autocrlf input`, false},
		"its own, a link":                {`mv .git/config .git/c; ln -s c .git/config`, false},
		"borrowed objects":               {`mkdir -p .git/objects/info; echo /x >.git/objects/info/alternates`, false},
		"a commondir that means nothing": {`echo ./. >.git/commondir`, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := tree(t, tt.setup)
			if _, got := Find(dir).Holds("sub/f", file); got != tt.want {
				t.Errorf("holds: %v", got)
			}
			inner := Find(filepath.Join(dir, "sub"))
			if _, got := inner.Holds("f", file); got != tt.want || strings.Join(inner.Within, "/") != "sub" {
				t.Errorf("from below: %v, %q", got, inner.Within)
			}
			file.Inode++
			if _, got := Find(dir).Holds("sub/f", file); got || !Find(dir).Tracks("sub", true) || Find(dir).Tracks("su", true) {
				t.Error("another file is held, or not what is tracked")
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home+"/xdg")
	t.Setenv("GIT_CONFIG_GLOBAL", "")
	write := func(name, text string) string {
		name = filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	write("xdg/git/config", "[user]\n\tname = one\n\temail = o@ne\n")
	write(".gitconfig", "[user]\n\tname = two\n")
	other := write("other", "[User]\n\tEMail = th@ree ; x\n")
	refused := write("refused", "[user]\n\tname = x\n[user\n")
	for file, want := range map[string]string{"": "two o@ne", other: " th@ree", refused: " ", home: " "} {
		os.Unsetenv("GIT_CONFIG_GLOBAL")
		if file != "" {
			os.Setenv("GIT_CONFIG_GLOBAL", file)
		}
		if name, email := Identity(); name+" "+email != want {
			t.Errorf("%s: %q %q", file, name, email)
		}
	}
}
