package local_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
)

// hidingChild makes this test's process the one that hides, when it is set.
const hidingChild = "PYGENT_TEST_HIDING_CHILD"

// TestHideEnvironment re-executes itself: what the kernel shows of a process is
// what it was started with.
func TestHideEnvironment(t *testing.T) {
	if os.Getenv(hidingChild) != "" {
		hide(t)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, "-test.run=^TestHideEnvironment$", "-test.v")
	c.Env = append(os.Environ(), hidingChild+"=1", "OPENAI_API_KEY=hunter2", "OTHER_KEY=hunter2=x", "XOPENAI_API_KEY=shown", "EMPTY_KEY=", "OPENAI_API_KEY_2=shown too")
	out, err := c.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("hidden as it should be")) {
		t.Errorf("%v:\n%s", err, out)
	}
}

func hide(t *testing.T) {
	environ := func() string {
		env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", os.Getpid()))
		if err != nil {
			t.Fatal(err)
		}
		return string(env)
	}
	if !strings.Contains(environ(), "OPENAI_API_KEY=hunter2\x00") {
		t.Fatal("this test does not see what it wants to see disappear")
	}
	local.HideEnvironment("OPENAI_API_KEY", "OTHER_KEY", "EMPTY_KEY", "MISSING_KEY")
	local.HideEnvironment()
	after := environ()
	if strings.Contains(after, "hunter2") {
		t.Error("the values are still there")
	}
	for _, entry := range []string{hidingChild + "=1", "XOPENAI_API_KEY=shown", "OPENAI_API_KEY_2=shown too"} {
		if !strings.Contains(after, entry+"\x00") {
			t.Errorf("%s is gone", entry)
		}
	}
	if os.Getenv("OPENAI_API_KEY") != "hunter2" || os.Getenv("OTHER_KEY") != "hunter2=x" {
		t.Error("the process itself does not know the values any more")
	}
	ws, err := runtime.TempWorkspace()
	if err != nil {
		t.Fatal(err)
	}
	rt := runtime.New(ws, local.New(ws, local.Options{Level: runtime.SandboxNone}), runtime.Options{})
	cleanup(t, rt)
	res := rt.Bash(t.Context(), fmt.Sprintf("cat /proc/%d/environ", os.Getpid()), runtime.BashOptions{})
	if strings.Contains(res.Text, "hunter2") || !strings.Contains(res.Text, hidingChild) {
		t.Errorf("a command sees:\n%s", res.Text)
	}
	t.Log("hidden as it should be")
}
