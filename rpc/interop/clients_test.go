//go:build linux

package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// clients returns the conversations, by the names of their libraries.
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
			want.Malformed = -32600 // its library cannot send invalid JSON, only an invalid request
			p.converse(t, want, neovim(t), "--clean", "--headless", "-l", "testdata/neovim.lua")
		},
		"python": python,
		"emacs": func(t *testing.T, p *place) {
			p.converse(t, wantReport(), need(t, "emacs"), "--quick", "--batch", "--load", "testdata/emacs.el")
		},
	}
}

// missing ends the test because a program or module that it needs is missing.
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

// needModules checks that the modules of testdata/package.json are installed.
func needModules(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("testdata/node_modules/vscode-languageclient"); err != nil {
		missing(t, "the clients for Node are not installed")
	}
}

// oldNeovim matches versions with an older client interface.
var oldNeovim = regexp.MustCompile(`^NVIM v0\.([0-9]|10)\.`)

// neovim returns the path of a new enough Neovim: the machine's, or else the one that
// .ci/setup has unpacked.
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
