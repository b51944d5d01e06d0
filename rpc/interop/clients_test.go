//go:build linux

package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// clients are the conversations, by the names of the libraries that hold them.
func clients() map[string]func(*testing.T, *place) {
	return map[string]func(*testing.T, *place){
		"vscode-jsonrpc": func(t *testing.T, p *place) {
			needModules(t)
			p.converse(t, wantReport(), need(t, "node"), "testdata/jsonrpc.mjs")
		},
		"vscode-languageclient": func(t *testing.T, p *place) {
			needModules(t)
			p.converse(t, wantReport(), need(t, "node"), "testdata/languageclient.cjs")
		},
		"neovim": func(t *testing.T, p *place) {
			want := wantReport()
			want.Malformed = -32600 // its library can send a bad request, but no bad JSON
			p.converse(t, want, neovim(t), "--clean", "--headless", "-l", "testdata/neovim.lua")
		},
		"python": python,
		"emacs": func(t *testing.T, p *place) {
			p.converse(t, wantReport(), need(t, "emacs"), "--quick", "--batch", "--load", "testdata/emacs.el")
		},
	}
}

// missing ends the test: what it needs is not there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf("%s: CI has it from .ci/setup", what)
	}
	t.Skipf("%s: .ci/setup installs it", what)
}

// need returns the path of a program.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name+" is not installed")
	}
	return path
}

// needModules wants the modules of testdata/package.json.
func needModules(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("testdata/node_modules/vscode-languageclient"); err != nil {
		missing(t, "the clients for Node are not installed")
	}
}

// oldNeovim are the versions whose clients are called in another way.
var oldNeovim = regexp.MustCompile(`^NVIM v0\.([0-9]|10)\.`)

// neovim returns the path of one that is new enough: the machine's, or the one
// that .ci/setup unpacks where the machine's is too old.
func neovim(t *testing.T) string {
	t.Helper()
	unpacked, err := filepath.Abs("../../build/neovim/nvim")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"nvim", unpacked} {
		if out, err := exec.Command(path, "--version").Output(); err == nil && !oldNeovim.Match(out) {
			return path
		}
	}
	missing(t, "there is no Neovim from 0.11 on")
	return ""
}
