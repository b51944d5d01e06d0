package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/agenttest"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/openai"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/cmd/pygent/internal/config"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/runtime/snapshot"
	"github.com/pygent/pygent/tasks"
)

// The benchmarks of this file measure from the client's end of the pipe. Each also measures
// a lower bound in the same run and reports it as floor-ms.

// BenchmarkInitialize is the time from the start of the program to its answer to
// initialize; the floor is a bare fork and exec of a shell.
func BenchmarkInitialize(b *testing.B) {
	exe := filepath.Join(b.TempDir(), "pygent")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s", "-o", exe, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	b.Setenv("XDG_STATE_HOME", b.TempDir())
	var took, floor []time.Duration
	for b.Loop() {
		floor = append(floor, bareFork(b))
		start := time.Now()
		cmd := exec.Command(exe, "serve", "--no-docker", "--sandbox=none")
		in, err := cmd.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		client := rpc.NewClient(duplex{out, in}, rpc.Handlers{})
		if err := client.Call(b.Context(), rpc.MethodInitialize, rpc.InitializeParams{}, nil); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		client.Close()
		_ = cmd.Wait() // exit code 1: the end of input without shutdown
	}
	reportBoth(b, took, floor)
}

// BenchmarkIdleSessions measures the memory of a server with 50 idle sessions. The aim is
// 40 MB.
func BenchmarkIdleSessions(b *testing.B) {
	exe := filepath.Join(b.TempDir(), "pygent")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s", "-o", exe, ".").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	b.Setenv("XDG_STATE_HOME", b.TempDir())
	root := b.TempDir()
	for b.Loop() {
		cmd := exec.Command(exe, "serve", "--no-docker", "--root", root)
		in, inErr := cmd.StdinPipe()
		out, outErr := cmd.StdoutPipe()
		if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
			b.Fatal(err)
		}
		client := rpc.NewClient(duplex{out, in}, rpc.Handlers{})
		if err := client.Call(b.Context(), rpc.MethodInitialize, rpc.InitializeParams{}, nil); err != nil {
			b.Fatal(err)
		}
		for range 50 {
			if err := client.Call(b.Context(), rpc.MethodSessionNew, session.NewSessionParams{}, nil); err != nil {
				b.Fatal(err)
			}
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			b.Skip("no /proc:", err)
		}
		var kB int
		_, rss, _ := strings.Cut(string(status), "VmRSS:")
		if _, err := fmt.Sscan(rss, &kB); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(kB)/1024, "MB")
		client.Close()
		_ = cmd.Wait() // exit code 1: the end of input without shutdown
	}
}

// BenchmarkTurn measures one agent/step whose model answers at once. The floor is a request
// that does nothing, over the same pipe.
func BenchmarkTurn(b *testing.B) {
	client := connect(b, agenttest.Func(func(_ context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
		emit(agent.Delta{Text: "Hello."})
		return agenttest.Text("Hello."), nil
	}), nil)
	var took, floor []time.Duration
	for b.Loop() {
		start := time.Now()
		if err := client.Call(b.Context(), rpc.MethodTaskStatus, tasks.TaskParams{TaskID: "none"}, nil); err == nil {
			b.Fatal("a task named none")
		}
		floor = append(floor, time.Since(start))
		start = time.Now()
		step(b, client, session.StepParams{Prompt: "hi"})
		took = append(took, time.Since(start))
	}
	reportBoth(b, took, floor)
}

// BenchmarkToolGap measures a tool round in which the model runs `true`, with the journal on,
// around the 10th and the 200th round. The aim is that the latter takes at most 1.3 times as
// long. The floor is a bare fork and exec of `sh -c true`.
func BenchmarkToolGap(b *testing.B) {
	const rounds, window = 210, 20
	var at10, at200, floor []time.Duration
	for b.Loop() {
		var marks []time.Time
		n := 0
		client := connect(b, agenttest.Func(func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
			marks = append(marks, time.Now())
			if n++; n > rounds {
				return agenttest.Text("done"), nil
			}
			return agenttest.Calls("", agenttest.Call(fmt.Sprintf("call_%d", n), "bash", `{"cmd":"true"}`)), nil
		}), nil)
		step(b, client, session.StepParams{Prompt: "hi", MaxSteps: rounds + 1})
		for i := 1; i <= window; i++ {
			floor = append(floor, bareFork(b))
			at10 = append(at10, marks[i].Sub(marks[i-1]))
			at200 = append(at200, marks[rounds-i+1].Sub(marks[rounds-i]))
		}
	}
	b.ReportMetric(ms(at10), "ms@10")
	b.ReportMetric(ms(at200), "ms@200")
	b.ReportMetric(ms(at200)/ms(at10), "x@10")
	b.ReportMetric(ms(floor), "floor-ms")
	b.ReportMetric(ms(at200)/ms(floor), "x-floor")
}

// BenchmarkRelay sends 20,000 deltas from an HTTP endpoint to the client of the pipe. The
// floor is reading the same response body. Aims: 250 ms, and 0.3 s of processor time,
// including endpoint and client.
func BenchmarkRelay(b *testing.B) {
	const deltas = 20_000
	var body strings.Builder
	for i := range deltas {
		fmt.Fprintf(&body, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word%d \"},\"finish_reason\":null}]}\n\n", i)
	}
	body.WriteString("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, body.String())
	}))
	defer srv.Close()
	model, err := openai.New(openai.Options{BaseURL: srv.URL + "/v1", Model: "m"})
	if err != nil {
		b.Fatal(err)
	}
	got := 0
	client := connect(b, model, func(method string, params json.RawMessage) {
		var e event.Event
		if method == rpc.MethodEvent && json.Unmarshal(params, &e) == nil && e.Kind == event.KindTextDelta {
			got += strings.Count(e.Delta, " ")
		}
	})
	var took, floor []time.Duration
	var processor time.Duration
	for b.Loop() {
		start := time.Now()
		resp, err := http.Get(srv.URL)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		floor = append(floor, time.Since(start))
		got = 0
		start = time.Now()
		used := processorTime()
		step(b, client, session.StepParams{Prompt: "hi"})
		took = append(took, time.Since(start))
		processor += processorTime() - used
		if got != deltas {
			b.Fatalf("%d of %d deltas arrived", got, deltas)
		}
	}
	b.ReportMetric(processor.Seconds()/float64(len(took)), "cpu-s")
	reportBoth(b, took, floor)
}

// connect serves a new domain with the given model over operating system pipes.
func connect(b *testing.B, model agent.Model, notified func(string, json.RawMessage)) *rpc.Client {
	b.Helper()
	cfg := config.Default()
	cfg.Runtime, cfg.Sandbox, cfg.Mode = config.RuntimeLocal, "none", config.ModeAuto
	a := &app{cfg: cfg, log: zap.NewNop(), model: model, ready: func() error { return nil }, runtimes: newRuntimes(cfg, zap.NewNop(), &leftovers{})}
	a.store, a.undo = journal.NewStore(b.TempDir()), snapshot.NewUndo(snapshot.UndoOptions{Dir: b.TempDir()})
	server := rpc.NewServer(rpc.Options{})
	d, err := newDomain(b.Context(), a, server.Peer(), func(tasks.Task) {})
	if err != nil {
		b.Fatal(err)
	}
	server.Provide(d.sessions, d.tasks)
	fromClient, toServer := pipe(b)
	fromServer, toClient := pipe(b)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_, _ = server.Serve(context.Background(), fromClient, toClient)
	}()
	client := rpc.NewClient(duplex{fromServer, toServer}, rpc.Handlers{Notification: notified})
	b.Cleanup(func() {
		client.Close()
		<-served
		if !a.shutdown(d) {
			b.Error("something did not end")
		}
	})
	if err := client.Call(b.Context(), rpc.MethodInitialize, rpc.InitializeParams{}, nil); err != nil {
		b.Fatal(err)
	}
	return client
}

func pipe(b *testing.B) (r, w *os.File) {
	b.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

type duplex struct {
	io.ReadCloser
	w io.WriteCloser
}

func (d duplex) Write(p []byte) (int, error) { return d.w.Write(p) }

func (d duplex) Close() error {
	d.w.Close()
	return d.ReadCloser.Close()
}

func step(b *testing.B, client *rpc.Client, p session.StepParams) {
	b.Helper()
	var res session.StepResult
	if err := client.Call(b.Context(), rpc.MethodStep, p, &res); err != nil {
		b.Fatal(err)
	}
	if res.Status != event.StatusCompleted {
		b.Fatalf("status %s: %+v", res.Status, res.Error)
	}
}

func bareFork(b *testing.B) time.Duration {
	b.Helper()
	start := time.Now()
	if err := exec.Command("sh", "-c", "true").Run(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// ms returns the median in milliseconds, because shared machines are noisy.
func ms(list []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return float64(sorted[len(sorted)/2].Microseconds()) / 1000
}

func reportBoth(b *testing.B, took, floor []time.Duration) {
	b.Helper()
	b.ReportMetric(ms(took), "median-ms")
	b.ReportMetric(ms(floor), "floor-ms")
}
