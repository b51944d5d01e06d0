package runtimetest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

func TestFakePlaysItsScripts(t *testing.T) {
	broken := errors.New("broken")
	var did []string
	fake := runtimetest.NewFake(map[string]runtimetest.Script{
		"ok":   {Output: "fine\n", Exit: runtime.Exit{Code: 2}},
		"err":  {Err: broken},
		"hang": {Output: "begun", Block: true},
		"do":   {Do: func(c runtime.Command) error { did = append(did, c.Dir); return nil }},
	}, nil)
	for _, c := range []struct {
		script, want string
		exit         runtime.Exit
		err          error
	}{
		{"ok", "fine\n", runtime.Exit{Code: 2}, nil},
		{"err", "", runtime.Exit{}, broken},
		{"do", "", runtime.Exit{}, nil},
		{"unknown", "sh: unknown: not found\n", runtime.Exit{Code: 127}, nil},
	} {
		var out strings.Builder
		exit, err := fake.Exec(t.Context(), runtime.Command{Script: c.script, Dir: "d"}, &out)
		if exit != c.exit || !errors.Is(err, c.err) || out.String() != c.want {
			t.Errorf("%s: %+v, %v, %q", c.script, exit, err, out.String())
		}
	}
	if diff := cmp.Diff([]string{"d"}, did); diff != "" {
		t.Error(diff)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err := fake.Exec(ctx, runtime.Command{Script: "hang"}, cancelWriter{func() { cancel(broken) }}); !errors.Is(err, broken) {
		t.Errorf("cancelled: %v", err)
	}
	if got := len(fake.Ran()); got != 5 {
		t.Errorf("ran %d commands", got)
	}
}

func TestFakeEndsItsCommandsAtClose(t *testing.T) {
	fake := runtimetest.NewFake(map[string]runtimetest.Script{"hang": {Output: "x", Block: true}}, nil)
	begun, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := fake.Exec(context.Background(), runtime.Command{Script: "hang"}, cancelWriter{func() { close(begun) }})
		ended <- err
	}()
	<-begun
	if err := fake.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, runtime.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// cancelWriter calls a function when something is written.
type cancelWriter struct{ f func() }

func (w cancelWriter) Write(p []byte) (int, error) {
	w.f()
	return len(p), nil
}
