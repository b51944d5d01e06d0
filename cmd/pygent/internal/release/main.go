// Command release builds the archives of a release. For each system it writes a tar.gz, or
// a zip for Windows, with the program, its manual page, completions, an example of the
// settings and the licence, and a software bill of materials. It also writes the checksums
// of all. `make release` runs it in the repository's root.
//
// Its output depends only on the commit and the Go release: paths are trimmed, and all
// times are the commit's, or SOURCE_DATE_EPOCH.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

const mainPackage = "./cmd/pygent"

func main() {
	log.SetFlags(0)
	out := flag.String("out", "dist", "directory to write to; it is made anew")
	targets := flag.String("targets", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64", "systems, as os/arch")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := release(ctx, *out, strings.Split(*targets, ","))
	stop()
	if err != nil {
		log.Fatal("release: ", err)
	}
}

// release builds one target after the other, because the compiler uses all processors.
func release(ctx context.Context, out string, targets []string) (err error) {
	when, err := timeOfRelease(ctx)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "pygent-release-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	builds, err := compileAll(ctx, work, targets)
	if err != nil {
		return err
	}
	common, err := commonFiles(ctx, builds[host()])
	if err != nil {
		return err
	}
	for _, target := range targets {
		b := builds[target]
		b.when, b.common = when, common
		if err := b.write(out); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
	}
	return writeChecksums(out)
}

// host returns this machine as a target. Its program writes the files that all archives
// share.
func host() string { return goruntime.GOOS + "/" + goruntime.GOARCH }

// compileAll compiles the program for all targets and for the host, once each.
func compileAll(ctx context.Context, work string, targets []string) (map[string]build, error) {
	builds := map[string]build{}
	for _, target := range append([]string{host()}, targets...) {
		goos, goarch, ok := strings.Cut(target, "/")
		if !ok {
			return nil, fmt.Errorf("target %q: give os/arch, as linux/amd64", target)
		}
		if _, done := builds[target]; done {
			continue
		}
		b := build{os: goos, arch: goarch, program: filepath.Join(work, goos+"-"+goarch)}
		if err := compile(ctx, b.program, "GOOS="+goos, "GOARCH="+goarch); err != nil {
			return nil, fmt.Errorf("%s: %w", target, err)
		}
		builds[target] = b
	}
	return builds, nil
}

// timeOfRelease returns the modification time of all files.
func timeOfRelease(ctx context.Context) (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		commit, err := output(ctx, "git", "log", "-1", "--format=%ct")
		if err != nil {
			return time.Time{}, fmt.Errorf("%w; set SOURCE_DATE_EPOCH", err)
		}
		text = strings.TrimSpace(string(commit))
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %q is no number of seconds", text)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// file is a file in an archive.
type file struct {
	name string
	mode int64
	data []byte
}

// commonFiles returns the files of every archive. The program of this machine writes the
// manual and the completions.
func commonFiles(ctx context.Context, here build) ([]file, error) {
	var list []file
	for name, path := range map[string]string{"LICENSE": "LICENSE", "README.md": "README.md", "pygent.example.toml": "cmd/pygent/pygent.example.toml"} {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("%w; run this in the repository's root", err)
		}
		list = append(list, file{name, 0o644, data})
	}
	for name, args := range map[string][]string{
		"pygent.1":                {"man"},
		"completions/pygent.bash": {"completion", "bash"},
		"completions/_pygent":     {"completion", "zsh"},
		"completions/pygent.fish": {"completion", "fish"},
		"completions/pygent.ps1":  {"completion", "powershell"},
	} {
		text, err := output(ctx, here.program, args...)
		if err != nil {
			return nil, err
		}
		list = append(list, file{name, 0o644, text})
	}
	return list, nil
}

// compile builds the program with env added to the environment.
func compile(ctx context.Context, to string, env ...string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w -buildid=", "-o", to, mainPackage)
	// The oldest processor of each architecture, independent of the environment.
	plain := []string{"CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0"}
	cmd.Env = slices.Concat(os.Environ(), plain, env)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, text)
	}
	return nil
}

func output(ctx context.Context, name string, args ...string) ([]byte, error) {
	text, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	return text, nil
}
