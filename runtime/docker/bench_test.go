package docker

import (
	"context"
	"io"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/pygent/pygent/runtime"
)

// BenchmarkExec is one command in a container that is already there. Its floor
// is BenchmarkFloorExec in the same run: the daemon's exec of the same shell.
func BenchmarkExec(b *testing.B) {
	e := executor(b, workspace(b), Options{})
	sh(b, e, "true")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Exec(context.Background(), runtime.Command{Script: "true"}, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFloorExec(b *testing.B) {
	e := executor(b, workspace(b), Options{})
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

// BenchmarkFirstCommand makes the container too, and removes it. Its floor is
// BenchmarkFloorStart plus one exec.
func BenchmarkFirstCommand(b *testing.B) {
	client, ws := connect(b), workspace(b)
	for b.Loop() {
		e := New(ws, Options{Client: client, Image: testImage()})
		if _, err := e.Exec(context.Background(), runtime.Command{Script: "true"}, io.Discard); err != nil {
			b.Fatal(err)
		}
		if err := e.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFloorStart is create, start and remove of a plain container.
func BenchmarkFloorStart(b *testing.B) {
	api := connect(b).api
	ctx := context.Background()
	for b.Loop() {
		made, err := api.ContainerCreate(ctx, &container.Config{Image: testImage(), Cmd: []string{"sleep", "600"}}, &container.HostConfig{NetworkMode: "none"}, nil, nil, "")
		if err != nil {
			b.Fatal(err)
		}
		if err := api.ContainerStart(ctx, made.ID, container.StartOptions{}); err != nil {
			b.Fatal(err)
		}
		if err := api.ContainerRemove(ctx, made.ID, container.RemoveOptions{Force: true}); err != nil {
			b.Fatal(err)
		}
	}
}
