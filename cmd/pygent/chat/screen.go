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

// Options are the options of Screen and Lines.
type Options struct {
	Conn    io.ReadWriteCloser // the caller serves the other end
	Root    string             // absolute path of the workspace
	Model   string             // model of new sessions
	Mode    string             // mode of new sessions; "" means the sandbox's default
	Version string
	Resume  string // id of the session to resume, "" for a new one

	In       io.Reader
	Out      io.Writer
	Warnings <-chan string // lines of the log to show, or nil
}

// Screen runs a conversation on a terminal until the user leaves or ctx ends, which is not
// an error. Then it closes Conn.
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
		fmt.Fprintf(o.Out, "\npygent chat --resume %s continues this conversation.\n", id)
	}
	return err
}

// watch puts the log's warnings and the server's end into the inbox.
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

// Fits reports from the environment whether a terminal can show the screen: its user allows
// colours, and it can move its cursor. Windows sets no TERM.
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

// greeting names the version, the workspace and the sandbox.
func (t *talk) greeting() string {
	r := t.about.Runtime
	return fmt.Sprintf("pygent %s: %s (%s), model %s. /exit leaves.", t.version, r.Kind, r.Sandbox, t.model)
}
