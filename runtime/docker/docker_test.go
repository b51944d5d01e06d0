package docker

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"go.uber.org/zap/zaptest"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// testImage is what containers of tests are made of: anything with a POSIX sh.
func testImage() string {
	if image := os.Getenv("PYGENT_TEST_IMAGE"); image != "" {
		return image
	}
	return "pygent-test:busybox"
}

// connect skips the test if there is no daemon with the image; with CI set it
// fails the test.
func connect(tb testing.TB) *Client {
	tb.Helper()
	c, err := Connect()
	if err == nil {
		tb.Cleanup(func() { _ = c.Close() })
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		err = c.Probe(ctx, testImage())
	}
	if err != nil {
		runtimetest.Missing(tb, err)
	}
	return c
}

func workspace(tb testing.TB) *runtime.Workspace {
	tb.Helper()
	ws, err := runtime.OpenWorkspace(tb.TempDir(), runtime.OpenOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = ws.Close() })
	return ws
}

// executor makes an executor whose containers are removed with the test.
func executor(tb testing.TB, ws *runtime.Workspace, opts Options) *Executor {
	tb.Helper()
	if opts.Client == nil {
		opts.Client = connect(tb)
	}
	if opts.Image == "" {
		opts.Image = testImage()
	}
	if t, ok := tb.(*testing.T); ok && opts.Log == nil {
		opts.Log = zaptest.NewLogger(t)
	}
	if opts.Supervisor.Path == "" {
		opts.Supervisor = testProgram(tb)
	}
	opts = opts.withDefaults()
	e := New(ws, opts)
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			tb.Errorf("Close: %v", err)
		}
		if left := containers(tb, opts.Client, opts.Instance); len(left) > 0 {
			tb.Errorf("containers left: %v", left)
		}
	})
	return e
}

// containers lists the IDs of an instance's containers in any state.
func containers(tb testing.TB, c *Client, instance string) []string {
	tb.Helper()
	list, err := c.api.ContainerList(context.Background(), container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", labelInstance+"="+instance)),
	})
	if err != nil {
		tb.Fatal(err)
	}
	ids := make([]string, len(list))
	for i, found := range list {
		ids[i] = found.ID
	}
	return ids
}

// sh runs a command that is expected to end by itself.
func sh(tb testing.TB, e *Executor, script string) (string, runtime.Exit) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	exit, err := e.Exec(ctx, runtime.Command{Script: script}, &out)
	if err != nil {
		tb.Fatalf("Exec(%q): %v, after %q", script, err, out.String())
	}
	return out.String(), exit
}

// wantNone waits for the end of every process whose command line in the
// container holds text. It has no time limit of its own.
func wantNone(tb testing.TB, e *Executor, text string) {
	tb.Helper()
	list, _ := sh(tb, e, `for p in /proc/[0-9]*; do tr '\0' ' ' <$p/cmdline; echo; done 2>/dev/null | grep -v grep | grep -F "`+text[:1]+`""`+text[1:]+`"; :`)
	if strings.TrimSpace(list) != "" {
		tb.Errorf("still running: %s", list)
	}
}
