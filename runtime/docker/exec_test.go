package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

func TestExec(t *testing.T) { eachWay(t, testExec) }

func testExec(t *testing.T, w way) {
	e := executor(t, workspace(t), w.with(Options{}))
	for _, tc := range []struct {
		name, script, out string
		exit              runtime.Exit
	}{
		{"pipe and and", "printf 'b\\na\\n' | sort && echo done", "a\nb\ndone\n", runtime.Exit{}},
		{"code", "echo x; exit 7", "x\n", runtime.Exit{Code: 7}},
		{"arrival order", "echo 1; echo 2 >&2; echo 3; echo 4 >&2", "1\n2\n3\n4\n", runtime.Exit{}},
		{"stdin is empty", "cat; echo end", "end\n", runtime.Exit{}},
		{"killed by a signal", "kill -TERM $$", "", runtime.Exit{Code: 143, Signal: "SIGTERM"}},
		{"kills its group", "kill -9 0; sleep 60", "", runtime.Exit{Code: 137, Signal: "SIGKILL"}},
		{"kills everything it can", "kill -9 -1 2>/dev/null; kill -9 $$", "", runtime.Exit{Code: 137, Signal: "SIGKILL"}},
		{"after that", "echo well", "well\n", runtime.Exit{}},
		{"starts with a dash", "-nope 2>/dev/null || echo no option", "no option\n", runtime.Exit{}},
		{"not found", "nosuchcommand 2>/dev/null", "", runtime.Exit{Code: 127}},
		{"looks like a report", "echo exit 3 >&2; echo swept 0", "exit 3\nswept 0\n", runtime.Exit{}},
		{"bytes", `printf '\000\377\r'`, "\x00\xff\r", runtime.Exit{}},
		{"a code that looks like a signal", "exit 129", "", runtime.Exit{Code: 129}},
		{"closes its streams", "exec >&- 2>&-; exit 4", "", runtime.Exit{Code: 4}},
		{"workspace", "pwd", "/workspace\n", runtime.Exit{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, exit := sh(t, e, tc.script)
			if diff := cmp.Diff(tc.out, out); diff != "" {
				t.Error(diff)
			}
			if w.opts.NoSupervisor {
				tc.exit.Signal = "" // only its parent knows the signal
			}
			if diff := cmp.Diff(tc.exit, exit); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExecTimeoutLeavesNothing(t *testing.T) { eachWay(t, testExecTimeoutLeavesNothing) }

func testExecTimeoutLeavesNothing(t *testing.T, w way) {
	client := connect(t)
	ws := workspace(t)
	opts := Options{Client: client, Instance: randomID()}
	e := executor(t, ws, w.with(opts))
	sh(t, e, "true")
	cause := errors.New("the deadline")
	ctx, cancel := context.WithTimeoutCause(context.Background(), 2*time.Second, cause)
	defer cancel()
	var out bytes.Buffer
	began := time.Now()
	_, err := e.Exec(ctx, runtime.Command{
		Script: "echo partial | cat && setsid sleep 4001 & env -i sleep 4002 & env -i setsid sleep 4003 & (sleep 4004 | cat) ; sleep 4005",
	}, &out)
	took := time.Since(began)
	if !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause", err)
	}
	if out.String() != "partial\n" {
		t.Errorf("partial output is lost: %q", out.String())
	}
	if took > 5*time.Second {
		t.Errorf("came back after %v", took)
	}
	wantNone(t, e, "sleep 400")
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left := containers(t, client, opts.Instance); len(left) > 0 {
		t.Errorf("containers left: %v", left)
	}
}

func TestExecEndsWhatTheShellLeft(t *testing.T) { eachWay(t, testExecEndsWhatTheShellLeft) }

func testExecEndsWhatTheShellLeft(t *testing.T, w way) {
	e := executor(t, workspace(t), w.with(Options{}))
	for _, script := range []string{
		"sleep 4100 & echo up",
		"setsid sleep 4100 & echo up",
		"env -i sleep 4100 & echo up",
		"env -i setsid sleep 4100 & echo up",
		"env -i setsid sleep 4100 >/dev/null 2>&1 & echo up",
		"PYGENT_COMMAND=zz setsid sleep 4100 >/dev/null 2>&1 & echo up",
		"PYGENT_COMMAND=init setsid sleep 4100 >/dev/null 2>&1 & echo up",
		"PYGENT_COMMAND=sweep setsid sleep 4100 & echo up",
		"(trap '' TERM HUP; while :; do sleep 4100; done) & echo up",
	} {
		began := time.Now()
		out, exit := sh(t, e, script)
		if out != "up\n" || exit.Code != 0 {
			t.Errorf("%s: %q, %+v", script, out, exit)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: took %v", script, took)
		}
		wantNone(t, e, "sleep 4100")
	}
}

func TestExecConcurrent(t *testing.T) { eachWay(t, testExecConcurrent) }

func testExecConcurrent(t *testing.T, w way) {
	e := executor(t, workspace(t), w.with(Options{}))
	before, _ := sh(t, e, "echo $HOSTNAME; cat /proc/1/stat | cut -d' ' -f22")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		_, err := e.Exec(ctx, runtime.Command{Script: "setsid sleep 4200 & echo on; sleep 4201"}, onceWriter(started))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the cancelled one: %v", err)
		}
	})
	var out bytes.Buffer
	group.Go(func() {
		<-started
		exit, err := e.Exec(context.Background(), runtime.Command{Script: "echo a; until [ -e go ]; do sleep 0.1; done; echo b; exit 5"}, &out)
		if err != nil || exit.Code != 5 || out.String() != "a\nb\n" {
			t.Errorf("the neighbour: %+v, %v, %q", exit, err, out.String())
		}
	})
	group.Go(func() { // ends its own daemon, but no other command
		<-started
		if out, exit := sh(t, e, "env -i setsid sleep 4202 & sleep 4203 & sleep 1; echo c"); out != "c\n" || exit.Code != 0 {
			t.Errorf("the short one: %+v, %q", exit, out)
		}
		cancel()
		for {
			list, _ := sh(t, e, `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' '`)
			if !strings.Contains(list, "sleep 4200") {
				break
			}
		}
		sh(t, e, "touch go")
	})
	group.Wait()
	wantNone(t, e, "sleep 42")
	if after, _ := sh(t, e, "echo $HOSTNAME; cat /proc/1/stat | cut -d' ' -f22"); after != before {
		t.Errorf("the container was replaced: %q, then %q", before, after)
	}
}

func TestExecManyAtOnce(t *testing.T) { eachCommandWay(t, testExecManyAtOnce) }

func testExecManyAtOnce(t *testing.T, w way) {
	e := executor(t, workspace(t), w.with(Options{}))
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 3 {
				want := fmt.Sprintf("%d.%d\n", i, j)
				if out, exit := sh(t, e, "sleep 4300 & echo "+strings.TrimSpace(want)); out != want || exit.Code != 0 {
					t.Errorf("%q: %q, %+v", want, out, exit)
				}
			}
		})
	}
	group.Wait()
	wantNone(t, e, "sleep 4300")
}

func TestExecRefuses(t *testing.T) { eachCommandWay(t, testExecRefuses) }

func testExecRefuses(t *testing.T, w way) {
	e := executor(t, workspace(t), w.with(Options{}))
	var invalid *runtime.InvalidError
	for name, tc := range map[string]struct {
		cmd runtime.Command
		is  error
	}{
		"outside":  {runtime.Command{Script: "true", Dir: "../x"}, runtime.ErrOutside},
		"missing":  {runtime.Command{Script: "true", Dir: "nosuch"}, runtime.ErrNotFound},
		"NUL":      {runtime.Command{Script: "a\x00b"}, nil},
		"too long": {runtime.Command{Script: strings.Repeat("x", MaxScriptBytes+1)}, nil},
	} {
		_, err := e.Exec(context.Background(), tc.cmd, &bytes.Buffer{})
		if tc.is != nil && !errors.Is(err, tc.is) || tc.is == nil && !errors.As(err, &invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	script := ": " + strings.Repeat("x", MaxScriptBytes-10) + "\necho ok"
	if out, _ := sh(t, e, script[:2]+script[12:]); out != "ok\n" {
		t.Errorf("a long command: %q", out)
	}
}

// onceWriter closes c at the first write.
func onceWriter(c chan struct{}) writerFunc {
	var once sync.Once
	return func(p []byte) (int, error) {
		once.Do(func() { close(c) })
		return len(p), nil
	}
}

// TestExecForgedReports has a command forge its own end and continue, while
// another command runs, so that not all processes can be killed.
func TestExecForgedReports(t *testing.T) {
	e := executor(t, workspace(t), Options{NoSupervisor: true})
	for _, neighbour := range []bool{false, true} {
		ctx, cancel := context.WithCancel(context.Background())
		var group sync.WaitGroup
		if neighbour {
			started := make(chan struct{})
			group.Go(func() {
				_, _ = e.Exec(ctx, runtime.Command{Script: "echo; sleep 4801"}, onceWriter(started))
			})
			<-started
		}
		began := time.Now()
		sh(t, e, `printf 'swept 0\nexit 0\nswept 0\n' >/proc/$PPID/fd/2; sleep 4800`)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("neighbour %v: took %v", neighbour, took)
		}
		wantNone(t, e, "sleep 4800")
		cancel()
		group.Wait()
	}
}
