package chat

import (
	"context"
	"errors"
	"fmt"
	"io"
	goruntime "runtime"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// Options are what both faces need.
type Options struct {
	Conn    io.ReadWriteCloser // the server's end is served by the caller
	Root    string             // the workspace's absolute path
	Model   string             // that sessions begin with
	Mode    string             // likewise; "" is the sandbox's default
	Version string
	Resume  string // id of the session to go on with, "" for a new one

	In       io.Reader
	Out      io.Writer
	Warnings <-chan string // lines of the log to show, or nil
}

// Screen talks on a terminal until the user leaves or ctx ends, which is no
// error. Conn is closed then.
func Screen(ctx context.Context, o Options) error {
	box := newInbox()
	t, err := connect(ctx, o, box.handlers())
	if err != nil {
		box.close()
		return err
	}
	m := newScreen(ctx, t, box)
	m.resumes = o.Resume
	program := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out), tea.WithoutSignalHandler())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		box.watch(o.Warnings, t.client.Done())
	}()
	_, err = program.Run()
	if ctx.Err() != nil || errors.Is(err, tea.ErrInterrupted) {
		err = nil
	}
	box.close()
	<-watched
	m.cancel()
	err = errors.Join(err, t.close())
	if id, _, _ := t.state(); id != "" && ctx.Err() == nil {
		fmt.Fprintf(o.Out, "\npygent chat --resume %s goes on with this conversation.\n", id)
	}
	return err
}

// watch brings the log's warnings and the server's end to the screen.
func (b *inbox) watch(warnings <-chan string, ended <-chan struct{}) {
	for {
		select {
		case w := <-warnings:
			b.put(warning(w))
		case <-ended:
			b.put(closed{})
			return
		case <-b.done:
			return
		}
	}
}

// Fits reports whether a terminal can have the screen, by its environment: its
// user wants colours and it can move its cursor. That of Windows has no TERM.
func Fits(environ []string) bool {
	kind := ""
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		switch {
		case name == "NO_COLOR" && value != "":
			return false
		case name == "TERM":
			kind = value
		}
	}
	return kind != "dumb" && (kind != "" || goruntime.GOOS == "windows")
}

// greeting says where the conversation takes place.
func (t *talk) greeting() string {
	r := t.about.Runtime
	return fmt.Sprintf("pygent %s: %s (%s), model %s. /exit leaves.", t.version, r.Kind, r.Sandbox, t.model)
}
