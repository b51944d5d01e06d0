package docker

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

// TestPolicy reads every value of the sandbox back from the daemon.
func TestPolicy(t *testing.T) { eachWay(t, testPolicy) }

func testPolicy(t *testing.T, w way) {
	ws := workspace(t)
	git := filepath.Join(ws.Dir(), ".git")
	for _, dir := range []string{"hooks", "objects"} {
		if err := os.MkdirAll(filepath.Join(git, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(git, "config"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	opts := Options{Client: connect(t), MemoryBytes: 256 << 20, CPUs: 1, PIDs: 100, FileBytes: 1 << 20}
	e := executor(t, ws, w.with(opts))
	sh(t, e, "true")
	info, err := opts.Client.api.ContainerInspect(context.Background(), e.Info().ContainerID)
	if err != nil {
		t.Fatal(err)
	}
	h := info.HostConfig
	for _, tc := range []struct {
		what      string
		got, want any
	}{
		{"user", info.Config.User, fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())},
		{"capabilities", []string(h.CapDrop), []string{"ALL"}},
		{"added capabilities", len(h.CapAdd), 0},
		{"privileged", h.Privileged, false},
		{"security", h.SecurityOpt, []string{"no-new-privileges"}},
		{"root file system", h.ReadonlyRootfs, true},
		{"network", string(h.NetworkMode), "none"},
		{"ipc", string(h.IpcMode), "private"},
		{"pid", string(h.PidMode), ""},
		{"uts", string(h.UTSMode), ""},
		{"log", h.LogConfig.Type, "none"},
		{"auto remove", h.AutoRemove, true},
		{"memory", h.Memory, int64(256 << 20)},
		{"memory and swap", h.MemorySwap, int64(256 << 20)},
		{"CPUs", h.NanoCPUs, int64(1e9)},
		{"pids", *h.PidsLimit, int64(100)},
		{"devices", len(h.Devices) + len(h.DeviceRequests), 0},
		{"binds", len(h.Binds), 0},
		{"open stdin", info.Config.OpenStdin && info.Config.StdinOnce, true},
		{"tty", info.Config.Tty, false},
		{"restart", h.RestartPolicy.IsNone(), true},
		{"ulimits", ulimits(h), map[string][2]int64{"core": {0, 0}, "fsize": {1 << 20, 1 << 20}, "nofile": {openFiles, openFiles}}},
		{"mounts", mountModes(info.Mounts), w.mounts(ws.Dir(), testProgram(t).Path)},
		{"why", strings.Contains(e.Info().Reason, "copied"), w.opts.NoMount},
		{"why not forks", strings.Contains(e.Info().Reason, "call to the Docker daemon"), w.opts.NoSupervisor},
		{"app", info.Config.Labels[labelApp], appName},
		{"pid label", info.Config.Labels[labelPID], fmt.Sprint(os.Getpid())},
		{"boot", info.Config.Labels[labelBootID] != "" && info.Config.Labels[labelStartTime] != "", true},
		{"secret", strings.Contains(strings.Join(info.Config.Env, " "), secret), false},
		{"info", e.Info(), runtime.Info{
			Kind: "docker", Sandbox: "container", Image: testImage(), ContainerID: info.ID, Network: "none", Workspace: ws.Dir(),
			Reason: e.Info().Reason,
			Limits: runtime.Limits{MemoryBytes: 256 << 20, PIDs: 100, CPUs: 1, FileBytes: 1 << 20},
		}},
	} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("%s: %s", tc.what, diff)
		}
	}
}

func ulimits(h *container.HostConfig) map[string][2]int64 {
	all := map[string][2]int64{}
	for _, u := range h.Ulimits {
		all[u.Name] = [2]int64{u.Soft, u.Hard}
	}
	return all
}

func mountModes(mounts []container.MountPoint) map[string]string {
	all := map[string]string{}
	for _, m := range mounts {
		source := m.Source
		if m.Type == mount.TypeVolume {
			source = "volume"
		}
		all[m.Destination] = source + map[bool]string{true: " rw", false: " ro"}[m.RW]
	}
	return all
}

// mounts are what the policy allows.
func (w way) mounts(dir, program string) map[string]string {
	all := map[string]string{}
	if w.opts.NoMount {
		all["/workspace"] = "volume rw"
		if !w.opts.NoSupervisor {
			all["/.pygent"] = "volume rw"
		}
		return all
	}
	git := filepath.Join(dir, ".git")
	all["/workspace"] = dir + " rw"
	all["/workspace/.git"] = git + " rw"
	all["/workspace/.git/hooks"] = git + "/hooks ro"
	all["/workspace/.git/config"] = git + "/config ro"
	all["/workspace/.git/commondir"] = git + "/commondir ro"
	if !w.opts.NoSupervisor {
		all["/.pygent/supervisor"] = program + " ro"
	}
	return all
}

func TestWorktreePointerIsReadOnly(t *testing.T) { eachCommandWay(t, testWorktreePointerIsReadOnly) }

func testWorktreePointerIsReadOnly(t *testing.T, w way) {
	ws := workspace(t)
	if err := os.WriteFile(filepath.Join(ws.Dir(), ".git"), []byte("gitdir: /elsewhere\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	e := executor(t, ws, w.with(Options{}))
	if out, _ := sh(t, e, "{ echo x >.git || mv .git x || rm -f .git || echo held; } 2>/dev/null"); out != "held\n" {
		t.Errorf("got %q", out)
	}
}

func TestGitLinkIsRefused(t *testing.T) { eachWay(t, testGitLinkIsRefused) }

func testGitLinkIsRefused(t *testing.T, w way) {
	ws := workspace(t)
	if err := os.Symlink("/etc", filepath.Join(ws.Dir(), ".git")); err != nil {
		t.Fatal(err)
	}
	e := executor(t, ws, w.with(Options{}))
	_, err := e.Exec(context.Background(), runtime.Command{Script: "true"}, &bytes.Buffer{})
	wantUnavailable(t, err, ".git", "link")
}
