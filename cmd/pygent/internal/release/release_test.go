package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime/runtimetest"
)

// TestRelease builds the archive for this machine twice, unpacks it and runs its program.
func TestRelease(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		runtimetest.Missing(t, "git is not installed: .ci/setup installs it")
	}
	if goruntime.GOOS == "windows" {
		t.Skip("there it is a zip")
	}
	t.Chdir("../../../..")
	ctx, target := context.Background(), goruntime.GOOS+"/"+goruntime.GOARCH
	dir := t.TempDir()
	var sums []string
	for _, name := range []string{"one", "two"} {
		if name == "two" { // as in a developer's environment
			t.Setenv("GOAMD64", "v3")
			t.Setenv("GOARM64", "v9.0")
		}
		out := filepath.Join(dir, name)
		if err := release(ctx, out, []string{target}); err != nil {
			t.Fatal(err)
		}
		sum, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, string(sum))
	}
	if strings.ContainsAny(sums[0], "()") {
		t.Errorf("names that a shell stumbles over:\n%s", sums[0])
	}
	if sums[0] != sums[1] || strings.Count(sums[0], "\n") != 2 {
		t.Errorf("two releases of one commit:\n%s%s", sums[0], sums[1])
	}

	files := unpack(t, filepath.Join(dir, "one", fileOf(t, sums[0], ".tar.gz")))
	for _, name := range []string{"LICENSE", "README.md", "pygent.1", "pygent.example.toml", "completions/_pygent", "completions/pygent.bash"} {
		if len(files[name]) == 0 {
			t.Errorf("no %s in the archive", name)
		}
	}
	program := filepath.Join(dir, "pygent")
	if err := os.WriteFile(program, files["pygent"], 0o700); err != nil {
		t.Fatal(err)
	}
	version, err := exec.Command(program, "version").Output()
	if err != nil || !strings.HasPrefix(string(version), "pygent ") {
		t.Errorf("pygent version: %s, %v", version, err)
	}
	if root, err := os.Getwd(); err != nil || bytes.Contains(files["pygent"], []byte(root)) {
		t.Errorf("the program holds the path that it was built in (%v)", err)
	}

	text, err := os.ReadFile(filepath.Join(dir, "one", fileOf(t, sums[0], ".cdx.json")))
	if err != nil {
		t.Fatal(err)
	}
	var doc bom
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, c := range doc.Components {
		names = append(names, c.Name)
		if c.Version == "" || !strings.HasPrefix(c.PURL, "pkg:golang/") || c.Name != "std" && len(c.Properties) != 1 {
			t.Errorf("component %+v", c)
		}
	}
	if !slices.Contains(names, "github.com/sourcegraph/jsonrpc2") || !slices.Contains(names, "std") || len(doc.Dependencies[0].DependsOn) != len(names) {
		t.Errorf("components %q", names)
	}
}

// fileOf returns the file with an ending from the checksums.
func fileOf(t *testing.T, sums, ending string) string {
	t.Helper()
	for line := range strings.Lines(sums) {
		if name := strings.TrimSpace(line[64:]); strings.HasSuffix(name, ending) {
			return name
		}
	}
	t.Fatalf("no %s in:\n%s", ending, sums)
	return ""
}

func unpack(t *testing.T, archive string) map[string][]byte {
	t.Helper()
	f, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(gz); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(h.Name, "/")
		if files[name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
