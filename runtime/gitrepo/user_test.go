//go:build linux || darwin

package gitrepo

import (
	"os"
	"path/filepath"
	"testing"
)

// TestUserRules: the user's own excludes file is where git looks for it.
func TestUserRules(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string // below the home directory
		env   map[string]string
		want  bool // that the name "x" is ignored
	}{
		"none":                   {},
		"the usual place":        {files: map[string]string{".config/git/ignore": "x\n"}, want: true},
		"by the variable":        {files: map[string]string{"xdg/git/ignore": "x\n", ".config/git/ignore": ""}, env: map[string]string{"XDG_CONFIG_HOME": "HOME/xdg"}, want: true},
		"a setting":              {files: map[string]string{".gitconfig": "[core]\n\texcludesFile = ~/mine\n", "mine": "x\n"}, want: true},
		"a setting wins":         {files: map[string]string{".gitconfig": "[core]\n\texcludesFile = ~/mine\n", "mine": "y\n", ".config/git/ignore": "x\n"}},
		"a setting of none":      {files: map[string]string{".gitconfig": "[core]\n\texcludesFile =\n", ".config/git/ignore": "x\n"}},
		"another configuration":  {files: map[string]string{"else": "[core]\n\texcludesFile = ~/mine\n", "mine": "x\n"}, env: map[string]string{"GIT_CONFIG_GLOBAL": "HOME/else"}, want: true},
		"one that is not read":   {files: map[string]string{".gitconfig": "[core\n", ".config/git/ignore": "x\n"}, want: true},
		"a missing file":         {files: map[string]string{".gitconfig": "[core]\n\texcludesFile = ~/none\n"}},
		"a directory as a file":  {files: map[string]string{".config/git/ignore/f": ""}},
		"a file that is too big": {files: map[string]string{".config/git/ignore": string(make([]byte, maxFile)) + "\nx\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			t.Setenv("HOME", home)
			for _, name := range []string{"XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"} {
				t.Setenv(name, "") // to be restored
				os.Unsetenv(name)
			}
			for name, value := range tt.env {
				t.Setenv(name, filepath.Join(home, value[len("HOME"):]))
			}
			for name, text := range tt.files {
				at := filepath.Join(home, name)
				if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got := UserRules().Ignore(nil, "x", false); got != tt.want {
				t.Errorf("ignored: %v", got)
			}
		})
	}
}
