package runtimetest

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/pygent/pygent/runtime"
)

// Script is what a Fake does with one command.
type Script struct {
	Output string                          // written first
	Exit   runtime.Exit                    // how the command ends
	Err    error                           // returned in place of Exit
	Block  bool                            // after Output, wait for ctx and return its cause
	Do     func(cmd runtime.Command) error // runs before Output; an error is returned
}

// Fake is an Executor that runs nothing. It is safe for concurrent use.
type Fake struct {
	scripts map[string]Script
	other   func(cmd runtime.Command) Script

	mu     sync.Mutex // guards the fields below
	ran    []runtime.Command
	closed bool
	busy   sync.WaitGroup
	stop   chan struct{}
}

// NewFake returns a Fake that answers each command by its script. Commands
// without a script end with exit code 127, as in a shell, or are answered by
// other if it is not nil.
func NewFake(scripts map[string]Script, other func(cmd runtime.Command) Script) *Fake {
	return &Fake{scripts: scripts, other: other, stop: make(chan struct{})}
}

// Exec plays the command's script.
func (f *Fake) Exec(ctx context.Context, cmd runtime.Command, out io.Writer) (runtime.Exit, error) {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return runtime.Exit{}, errClosed
	}
	f.ran = append(f.ran, cmd)
	f.busy.Add(1)
	f.mu.Unlock()
	defer f.busy.Done()

	if ctx.Err() != nil {
		return runtime.Exit{}, context.Cause(ctx)
	}
	s := f.script(cmd)
	if s.Do != nil {
		if err := s.Do(cmd); err != nil {
			return runtime.Exit{}, err
		}
	}
	if s.Output != "" {
		if _, err := io.WriteString(out, s.Output); err != nil {
			return runtime.Exit{}, err
		}
	}
	if s.Block {
		select {
		case <-ctx.Done():
			return runtime.Exit{}, context.Cause(ctx)
		case <-f.stop:
			return runtime.Exit{}, errClosed
		}
	}
	return s.Exit, s.Err
}

var errClosed = fmt.Errorf("%w: the runtime is closed", runtime.ErrUnavailable)

func (f *Fake) script(cmd runtime.Command) Script {
	if s, ok := f.scripts[cmd.Script]; ok {
		return s
	}
	if f.other != nil {
		return f.other(cmd)
	}
	return Script{Output: "sh: " + cmd.Script + ": not found\n", Exit: runtime.Exit{Code: 127}}
}

// Ran lists the commands so far, in the order of their start.
func (f *Fake) Ran() []runtime.Command {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]runtime.Command(nil), f.ran...)
}

// Closed reports whether Close was called.
func (f *Fake) Closed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// Info describes a local runtime without a sandbox.
func (f *Fake) Info() runtime.Info {
	return runtime.Info{Kind: runtime.KindLocal, Sandbox: runtime.SandboxNone, Network: "full"}
}

// Close ends blocked commands and waits for them.
func (f *Fake) Close(context.Context) error {
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		close(f.stop)
	}
	f.mu.Unlock()
	f.busy.Wait()
	return nil
}
