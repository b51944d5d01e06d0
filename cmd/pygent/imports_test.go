package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/pygent/pygent/"

// forbidden lists the edges that the house does not have, each with its reason.
// A dependency counts however it comes about.
var forbidden = []struct{ from, to, why string }{
	{"runtime", module + "tools", "a runtime runs commands; what asks for them is above it"},
	{"runtime", module + "agent", "likewise"},
	{"runtime", module + "tasks", "likewise"},
	{"runtime", module + "rpc", "likewise"},
	{"tools", module + "agent", "a tool gets a runtime and arguments, and nothing of who calls it"},
	{"tools", module + "tasks", "the tools that delegate stand beside their manager"},
	{"tools", module + "rpc", "a tool's failure is text for the model, not a protocol error"},
	{"agent", module + "rpc", "the domain does not know its carrier"},
	{"agent", module + "tasks", "cmd joins agent and tasks through one-method interfaces"},
	{"tasks", module + "agent", "cmd joins agent and tasks through one-method interfaces"},
	{"tasks", module + "rpc", "the domain does not know its carrier"},
	{"runtime", "github.com/docker/docker", "only runtime/docker knows Docker, so that one package can be replaced"},
	{"runtime/local", "github.com/docker/docker", "likewise"},
	{"tools", "github.com/docker/docker", "likewise"},
	{"agent", "github.com/docker/docker", "likewise"},
	{"tasks", "github.com/docker/docker", "likewise"},
	{"rpc", "github.com/docker/docker", "likewise"},
	{"rpc", "github.com/coder/websocket", "only rpc/web opens a port"},
	{"agent", "github.com/sashabaranov/go-openai", "only agent/openai knows the client library"},
	{"tasks", "github.com/sashabaranov/go-openai", "likewise"},
	{"rpc", "github.com/sashabaranov/go-openai", "likewise"},
	{"agent", "github.com/sourcegraph/jsonrpc2", "only rpc knows JSON-RPC"},
	{"tasks", "github.com/sourcegraph/jsonrpc2", "likewise"},
	{"tools", "github.com/sourcegraph/jsonrpc2", "likewise"},
	{"runtime", "github.com/sourcegraph/jsonrpc2", "likewise"},
	{"cmd/pygent", "github.com/alecthomas/chroma", "it parses all its lexers and styles before main: 15 ms of every start, serve's too"},
	{"cmd/pygent", "charm.land/glamour", "it links chroma; chat/markdown renders"},
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
		within := func(dep string) bool { return dep == edge.to || strings.HasPrefix(dep, edge.to+"/") }
		// A package's own subpackages (agent/openai) may be below edge.to's prefix,
		// but never among what the package itself depends on.
		if i := slices.IndexFunc(deps[edge.from], within); i >= 0 {
			t.Errorf("%s must not depend on %s: %s", edge.from, deps[edge.from][i], edge.why)
		}
	}
}
