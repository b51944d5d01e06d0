package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitguard"
)

// BenchmarkExec is one command in a running container, for each way. Its floors
// are BenchmarkFloorFork and BenchmarkFloorExec of the same run: at most twice
// the one and a twentieth of the other.
func BenchmarkExec(b *testing.B) {
	for _, w := range ways() {
		b.Run(w.name, func(b *testing.B) {
			e := executor(b, workspace(b), w.with(Options{}))
			sh(b, e, "true")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Exec(context.Background(), runtime.Command{Script: "true"}, io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFloorFork is a shell on the host and nothing around it.
func BenchmarkFloorFork(b *testing.B) {
	for b.Loop() {
		if err := exec.Command("/bin/sh", "-c", "true").Run(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFloorExec is the daemon's exec of the same shell.
func BenchmarkFloorExec(b *testing.B) {
	e := executor(b, workspace(b), Options{NoSupervisor: true})
	sh(b, e, "true")
	for b.Loop() {
		_, conn, err := e.current.exec(context.Background(), []string{"sh", "-c", "true"}, "floor")
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, conn.Reader)
		conn.Close()
	}
}

// BenchmarkFirstCommand makes the container too. Its floor is
// BenchmarkFloorStart. Neither counts the removal.
func BenchmarkFirstCommand(b *testing.B) {
	client, program := connect(b), testProgram(b)
	for _, w := range ways() {
		b.Run(w.name, func(b *testing.B) {
			ws := workspace(b)
			for b.Loop() {
				e := New(ws, w.with(Options{Client: client, Image: testImage(), Supervisor: program}))
				if _, err := e.Exec(context.Background(), runtime.Command{Script: "true"}, io.Discard); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := e.Close(context.Background()); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// BenchmarkFloorStart creates and starts a container with the same
// configuration that does nothing, without inspecting it.
func BenchmarkFloorStart(b *testing.B) {
	api, ws, ctx := connect(b).api, workspace(b), context.Background()
	idle := plan{noSupervisor: "floor"}
	opts := Options{Image: testImage()}.withDefaults()
	host := hostConfig(opts, idle, ws.Dir(), gitguard.Guard{}, 1)
	host.AutoRemove = false
	config := containerConfig(opts, idle)
	config.Entrypoint = []string{"sleep", "600"}
	for b.Loop() {
		made, err := api.ContainerCreate(ctx, config, host, nil, nil, "")
		if err != nil {
			b.Fatal(err)
		}
		if err := api.ContainerStart(ctx, made.ID, container.StartOptions{}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := api.ContainerRemove(ctx, made.ID, container.RemoveOptions{Force: true}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkTransfers are those of a command that changes nothing, in a workspace
// of a few thousand files: "send" must read names and times only, "fetch" reads
// all that is in the container.
func BenchmarkTransfers(b *testing.B) {
	ws := workspace(b)
	text := make([]byte, 8<<10)
	for i := range 3000 {
		dir := filepath.Join(ws.Dir(), fmt.Sprint(i%50))
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), text, 0o600)); err != nil {
			b.Fatal(err)
		}
	}
	e := executor(b, ws, Options{NoMount: true})
	sh(b, e, "true")
	tree, ctx := e.current.tree, context.Background()
	for name, transfer := range map[string]func() error{
		"send":  func() error { return tree.send(ctx) },
		"fetch": func() error { return tree.fetch(ctx, func(string, string) {}) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := transfer(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
