// Package demo shows Pygent end to end: a server as a child process behind a pipe, a
// project with a failing test, an agent that repairs it, a delegated task and its file.
// Only the model is scripted, and the output says so.
//
// It is a client of the protocol and must not know the packages behind it.
package demo

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/aymanbagabas/go-udiff"
)

//go:embed project
var project embed.FS

//go:embed replay.jsonl
var script []byte

// The user's prompts. The scripted model has answers to them.
const (
	prompt     = "Make the failing test pass."
	taskPrompt = "Try wordcount.sh on a large text and write what you find to NOTES.md."
	taskFile   = "NOTES.md"
)

// limit bounds the whole demonstration.
const limit = 2 * time.Minute

// Options configure Run.
type Options struct {
	Program string   // the pygent binary
	Flags   []string // further flags of its serve command
	Keep    bool     // keep the workspace
	Out     io.Writer
	Err     io.Writer // the server's stderr
}

// Run runs the demonstration. It fails unless at the end the project's test is unchanged
// and passes, and the delegated task's file exists.
func Run(ctx context.Context, o Options) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the demo took longer than %s", limit))
	defer cancel()
	dir, err := unpack()
	if err != nil {
		return err
	}
	if o.Keep {
		fmt.Fprintf(o.Out, "The workspace stays at %s\n\n", dir)
	} else {
		defer func() {
			if err := os.RemoveAll(dir); err != nil {
				fmt.Fprintln(o.Err, "demo:", err)
			}
		}()
	}
	d := &show{
		Options: o, ctx: ctx,
		workspace: filepath.Join(dir, "wordcount"), replay: filepath.Join(dir, "replay.jsonl"), state: filepath.Join(dir, "state"),
	}
	if err := d.play(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// unpack writes the project and the script into a new directory.
func unpack() (string, error) {
	dir, err := os.MkdirTemp("", "pygent-demo-")
	if err != nil {
		return "", fmt.Errorf("make the demo's workspace: %w", err)
	}
	files, err := fs.Sub(project, "project")
	if err == nil {
		err = os.CopyFS(filepath.Join(dir, "wordcount"), files)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "replay.jsonl"), script, 0o600)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("unpack the demo: %w", err), os.RemoveAll(dir))
	}
	return dir, nil
}

// runTest runs the project's test directly, without Pygent.
func (d *show) runTest() (output string, passed bool, err error) {
	cmd := exec.CommandContext(d.ctx, "sh", "test.sh")
	cmd.Dir = d.workspace
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return string(out), false, nil
	}
	return string(out), err == nil, err
}

// diff compares the workspace with the shipped project.
func (d *show) diff() (string, error) {
	var text string
	err := fs.WalkDir(project, "project", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		before, err := project.ReadFile(path)
		if err != nil {
			return err
		}
		name := e.Name()
		after, err := os.ReadFile(filepath.Join(d.workspace, name))
		if err != nil {
			return err
		}
		text += udiff.Unified("a/"+name, "b/"+name, string(before), string(after))
		return nil
	})
	return text, err
}

// testUntouched returns an error if the test was changed, because a model can also make a
// test pass by weakening it.
func (d *show) testUntouched() error {
	want, err := project.ReadFile("project/test.sh")
	if err != nil {
		return err
	}
	got, err := os.ReadFile(filepath.Join(d.workspace, "test.sh"))
	if err != nil {
		return err
	}
	if string(got) != string(want) {
		return errors.New("test.sh was changed")
	}
	return nil
}
