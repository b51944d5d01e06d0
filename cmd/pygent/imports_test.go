package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/pygent/pygent/"

// chain lists groups of packages in order: a package imports only packages of its own group
// and of earlier ones. A group has the packages below its path that are in no longer path's
// group.
var chain = []string{
	"runtime/internal", "runtime/statedir", "runtime/instance", "runtime/protect", "runtime/gitrepo", "runtime", "runtime/runtimetest",
	"runtime/search", "runtime/netproxy", "runtime/specials", "runtime/gitguard", "runtime/snapshot", "runtime/supervisor",
	"runtime/local", "runtime/docker", "runtime/choose",
	"tools/strictjson", "tools/edit", "tools/files", "tools/output", "tools",
	"agent/event", "agent/journal", "agent/conversation", "agent/approval", "agent", "agent/openai", "agent/replay", "agent/agenttest",
	"agent/session",
	"tasks", "tasks/inprocess", "tasks/backendtest",
	"rpc/wire", "rpc", "rpc/web",
	"cmd/pygent/internal", "cmd/pygent/chat", "cmd/pygent/demo", "cmd/pygent",
}

// roomOf returns the index of a package's group in chain, -1 for none.
func roomOf(pkg string) int {
	best := -1
	for i, room := range chain {
		if (pkg == room || strings.HasPrefix(pkg, room+"/")) && (best < 0 || len(room) > len(chain[best])) {
			best = i
		}
	}
	return best
}

func TestChain(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}}{{range .Imports}} {{.}}{{end}}", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	used := map[int]bool{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], module)
		room := roomOf(pkg)
		if strings.HasPrefix(pkg, "editors/") {
			continue // what npm has put there
		}
		if room < 0 {
			t.Errorf("%s is in no room of the chain", pkg)
			continue
		}
		used[room] = true
		for _, dep := range fields[1:] {
			dep, ours := strings.CutPrefix(dep, module)
			if ours && roomOf(dep) > room {
				t.Errorf("%s imports %s, which comes after it in the chain", pkg, dep)
			}
		}
	}
	for i, room := range chain {
		if !used[i] {
			t.Errorf("the room %s has no package", room)
		}
	}
}

// forbidden lists further forbidden dependencies, each with its reason. An indirect
// dependency counts too.
var forbidden = []struct{ from, to, why string }{
	{"runtime/protect", module + "runtime", "a leaf: whoever writes asks it"},
	{"runtime/snapshot", module + "runtime/gitguard", "both read repositories, by runtime/gitrepo; neither needs the other"},
	{"agent/conversation", module + "runtime/snapshot", "what a session knows follows from its events alone"},
	{"runtime", "github.com/docker/docker", "only runtime/docker knows Docker, so that one package can be replaced"},
	{"runtime/local", "github.com/docker/docker", "likewise"},
	{"tools", "github.com/docker/docker", "likewise"},
	{"agent/session", "github.com/docker/docker", "likewise"},
	{"tasks/inprocess", "github.com/docker/docker", "likewise"},
	{"rpc", "github.com/docker/docker", "likewise"},
	{"rpc", "github.com/coder/websocket", "only rpc/web opens a port"},
	{"agent/session", "github.com/sashabaranov/go-openai", "only agent/openai knows the client library"},
	{"tasks/inprocess", "github.com/sashabaranov/go-openai", "likewise"},
	{"rpc", "github.com/sashabaranov/go-openai", "likewise"},
	{"rpc/wire", module + "agent", "it carries messages, whatever they say"},
	{"rpc/wire", module + "tasks", "likewise"},
	{"rpc/wire", module + "runtime", "likewise"},
	{"tools/strictjson", strings.TrimSuffix(module, "/"), "a leaf: it reads text"},
	{"cmd/pygent", "github.com/alecthomas/chroma", "it parses all its lexers and styles before main: 15 ms of every start, serve's too"},
	{"cmd/pygent", "charm.land/glamour", "it links chroma; chat/markdown renders"},
}

// only lists packages that a single package may import, including in tests.
var only = []struct{ pkg, by, why string }{
	{"github.com/sourcegraph/jsonrpc2", "rpc/wire", "rpc and all above it speak of methods, not of messages"},
}

func TestOnlyImporters(t *testing.T) {
	const list = `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}{{range .TestImports}} {{.}}{{end}}{{range .XTestImports}} {{.}}{{end}}`
	out, err := exec.Command("go", "list", "-f", list, module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		imports := strings.Fields(line)
		for _, rule := range only {
			switch {
			case !slices.Contains(imports[1:], rule.pkg):
			case imports[0] == module+rule.by:
				found[rule.pkg] = true
			default:
				t.Errorf("%s must not import %s, only %s: %s", imports[0], rule.pkg, rule.by, rule.why)
			}
		}
	}
	for _, rule := range only {
		if !found[rule.pkg] {
			t.Errorf("%s does not import %s: the rule is stale", rule.by, rule.pkg)
		}
	}
}

func TestForbiddenImports(t *testing.T) {
	deps := map[string][]string{}
	for _, edge := range forbidden {
		if deps[edge.from] == nil {
			out, err := exec.Command("go", "list", "-deps", module+edge.from).Output()
			if err != nil {
				t.Fatalf("go list -deps %s: %v", edge.from, err)
			}
			deps[edge.from] = strings.Fields(string(out))
		}
		within := func(dep string) bool {
			return dep != module+edge.from && (dep == edge.to || strings.HasPrefix(dep, edge.to+"/"))
		}
		// A package's own subpackages (agent/openai) may be below edge.to's prefix, but
		// the package itself may not depend on them.
		if i := slices.IndexFunc(deps[edge.from], within); i >= 0 {
			t.Errorf("%s must not depend on %s: %s", edge.from, deps[edge.from][i], edge.why)
		}
	}
}
