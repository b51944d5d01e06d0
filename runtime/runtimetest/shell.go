package runtimetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
)

// shellCases are the semantics of sh -c in the workspace.
var shellCases = []testCase{
	{"PipesAndLists", func(t *testing.T, rt *runtime.Runtime) {
		wantText(t, rt, "printf 'b\\na\\n' | tr ab cd && echo ok || echo no; true", "d\nc\nok\n")
	}},
	{"ExitCode", func(t *testing.T, rt *runtime.Runtime) {
		res := bash(t, rt, "printf half; exit 3")
		if *res.ExitCode != 3 || !strings.HasSuffix(res.Text, "half\n[exit code 3]") {
			t.Errorf("exit code %d, text:\n%s", *res.ExitCode, res.Text)
		}
	}},
	{"CommandNotFoundIs127", func(t *testing.T, rt *runtime.Runtime) {
		if res := bash(t, rt, "/no/such/program"); *res.ExitCode != 127 {
			t.Errorf("exit code %d", *res.ExitCode)
		}
	}},
	{"NotExecutableIs126", func(t *testing.T, rt *runtime.Runtime) {
		if res := bash(t, rt, "echo 'echo no' >plain && ./plain"); *res.ExitCode != 126 {
			t.Errorf("exit code %d:\n%s", *res.ExitCode, res.Text)
		}
	}},
	{"KilledBySignal", func(t *testing.T, rt *runtime.Runtime) {
		res := bash(t, rt, "echo before; kill -KILL $$")
		if *res.ExitCode != 137 || !strings.Contains(res.Text, "before\n[") {
			t.Errorf("exit code %d, signal %q:\n%s", *res.ExitCode, res.Signal, res.Text)
		}
	}},
	{"StdinIsDevNull", func(t *testing.T, rt *runtime.Runtime) {
		wantText(t, rt, "cat; echo done", "done\n")
	}},
	{"NoStateBetweenCommands", func(t *testing.T, rt *runtime.Runtime) {
		bash(t, rt, "X=1; export X; mkdir -p state && cd state")
		wantText(t, rt, `echo "[$X]"; test -d state && echo root`, "[]\nroot\n")
	}},
	{"Directory", func(t *testing.T, rt *runtime.Runtime) {
		bash(t, rt, "mkdir -p 'a dir/sub' && echo hello >'a dir/sub/file'")
		res := rt.Bash(t.Context(), "cat file && pwd", runtime.BashOptions{Dir: "a dir/sub"})
		if lines := strings.Split(res.Text, "\n"); len(lines) < 3 || lines[1] != "hello" || !strings.HasSuffix(lines[2], "/a dir/sub") {
			t.Errorf("got:\n%s", res.Text)
		}
	}},
	{"DirectoryOutsideIsRefused", func(t *testing.T, rt *runtime.Runtime) {
		bash(t, rt, "ln -s / out")
		for _, dir := range []string{"..", "/", "out", "out/etc"} {
			res := rt.Bash(t.Context(), "pwd", runtime.BashOptions{Dir: dir})
			if !errors.Is(res.Err, runtime.ErrOutside) || !strings.Contains(res.Text, "\n[error] ") {
				t.Errorf("dir %q: err %v, text:\n%s", dir, res.Err, res.Text)
			}
		}
	}},
	{"EnvironmentHasNoSecret", func(t *testing.T, rt *runtime.Runtime) {
		res := bash(t, rt, "env; echo \"[$OPENAI_API_KEY]\"")
		if strings.Contains(res.Text, secret) || strings.Contains(res.Text, key()) {
			t.Error("the server's secret is in the command's environment")
		}
		if !strings.Contains(res.Text, "PATH=") || !strings.Contains(res.Text, "HOME=") {
			t.Errorf("PATH or HOME is missing:\n%s", res.Text)
		}
	}},
	{"FilesOfTheWorkspaceAreSeenBothWays", func(t *testing.T, rt *runtime.Runtime) {
		if _, _, err := rt.WriteFile("shared/in.txt", "from the host\n"); err != nil {
			t.Fatal(err)
		}
		wantText(t, rt, "cat shared/in.txt && printf 'from the command' >shared/out.txt", "from the host\n")
		content, _, _, err := rt.ReadFile("shared/out.txt", false)
		if err != nil || content != "from the command" {
			t.Errorf("read %q, %v", content, err)
		}
		if _, _, err := rt.WriteFile("shared/out.txt", "again\n"); err != nil {
			t.Errorf("replace a command's file: %v", err)
		}
	}},
}
