package agent

import (
	"fmt"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitrepo"
)

// EnvironmentHead begins the part of the system prompt that differs from session
// to session.
const EnvironmentHead = "\n\nEnvironment:\n"

// gitTime bounds the look at a repository, because a session waits for it.
const gitTime = 300 * time.Millisecond

// maxEnvironmentName bounds names in the environment, in bytes: whoever wrote the
// repository chose them.
const maxEnvironmentName = 100

// environment describes where a session works: one line each, and no path of the
// machine. It is made once a session and then stays, so that the beginning of the
// conversation does.
func environment(rt *runtime.Runtime, now time.Time) string {
	info, ws := rt.Info(), rt.Workspace()
	system := goruntime.GOOS
	if info.Sandbox == runtime.SandboxContainer {
		system = "linux"
	}
	lines := []string{
		"System: " + system,
		"Shell: sh",
		"Workspace: " + oneLine(filepath.Base(ws.Dir()), maxEnvironmentName),
		"Git: " + gitState(ws.Dir(), time.Now().Add(gitTime)),
		"Date: " + now.Format(time.DateOnly),
		fmt.Sprintf("Sandbox: %s", info.Sandbox),
		"Network: " + info.Network,
	}
	return strings.Join(lines, "\n")
}

// gitState words the branch, and whether the files are those of its last commit.
func gitState(dir string, deadline time.Time) string {
	tree := gitrepo.Find(dir, nil)
	if tree == nil || tree.Dir == "" {
		return "none"
	}
	state := "no branch"
	if name := tree.Branch(); name != "" {
		state = "branch " + oneLine(name, maxEnvironmentName)
	}
	switch clean, known := tree.Clean(dir, deadline); {
	case !known:
		return state
	case clean:
		return state + ", clean"
	default:
		return state + ", with uncommitted changes"
	}
}
