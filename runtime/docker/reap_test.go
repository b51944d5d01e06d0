package docker

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/pygent/pygent/runtime/instance"
)

func TestProvablyDead(t *testing.T) {
	if !instance.Self().Known() {
		t.Skip("needs Linux's /proc")
	}
	child := exec.Command("true")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	ours := labels("i")
	for name, tc := range map[string]struct {
		change map[string]string
		want   bool
	}{
		"ours":               {nil, false},
		"process gone":       {map[string]string{labelPID: strconv.Itoa(child.Process.Pid)}, true},
		"PID used again":     {map[string]string{labelStartTime: "1"}, true},
		"other boot":         {map[string]string{labelBootID: "other"}, true},
		"other host":         {map[string]string{labelBootID: "other", labelHost: "other"}, false},
		"other machine":      {map[string]string{labelBootID: "other", labelMachine: "other"}, false},
		"no machine":         {map[string]string{labelBootID: "other", labelMachine: ""}, false},
		"other namespace":    {map[string]string{labelPIDSpace: "pid:[1]", labelPID: "999999"}, false},
		"no PID":             {map[string]string{labelPID: ""}, false},
		"nonsense PID":       {map[string]string{labelPID: "-1"}, false},
		"no start time":      {map[string]string{labelStartTime: ""}, false},
		"no boot":            {map[string]string{labelBootID: ""}, false},
		"the process itself": {map[string]string{labelPID: strconv.Itoa(os.Getpid())}, false},
	} {
		l := maps.Clone(ours)
		maps.Copy(l, tc.change)
		if got := owner(l).ProvablyDead(); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestReap(t *testing.T) { inTurn(t, commandWays(), testReap) }

func testReap(t *testing.T, w way) {
	client := connect(t)
	if !instance.Self().Known() {
		t.Skip("needs Linux's /proc")
	}
	id := randomID()
	e := executor(t, workspace(t), w.with(Options{Client: client, Instance: id}))
	sh(t, e, "true")
	live := e.Info().ContainerID
	dead := labels(id)
	dead[labelStartTime] = "1"
	left, err := client.api.ContainerCreate(context.Background(), &container.Config{Image: testImage(), Cmd: []string{"true"}, Labels: dead}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.api.ContainerRemove(context.Background(), left.ID, container.RemoveOptions{Force: true})
	})
	if n, err := client.Reap(context.Background()); err != nil || n < 1 {
		t.Errorf("Reap: %d, %v", n, err)
	}
	if got := containers(t, client, id); len(got) != 1 || got[0] != live {
		t.Errorf("left: %v, want only the live one %s", got, live)
	}
	if out, _ := sh(t, e, "echo well"); out != "well\n" {
		t.Errorf("the live one: %q", out)
	}
}
