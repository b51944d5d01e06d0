package local

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
)

// cgroupPrefix begins the names of our groups; the server's pid follows.
const cgroupPrefix = "pygent-"

// cpuPeriod is the period of CPU limits in microseconds.
const cpuPeriod = 100_000

// cgroup is the control groups of one supervisor: one directory in version 2,
// one for each controller in version 1.
type cgroup struct {
	dirs   []string
	events string         // the file that counts kills for lack of memory
	limits runtime.Limits // the limits in force
}

// newCgroup makes groups for as many of the limits as possible on this machine.
func newCgroup(want runtime.Limits) *cgroup {
	g := &cgroup{}
	name := cgroupPrefix + strconv.Itoa(os.Getpid()) + "-" + rand.Text()[:8]
	own := ownCgroups()
	if want.MemoryBytes > 0 || want.PIDs > 0 || want.CPUs > 0 {
		if path, ok := own[""]; ok {
			g.unified(path, name, want)
		}
	}
	bytes := strconv.FormatInt(want.MemoryBytes, 10)
	if want.MemoryBytes > 0 && g.limits.MemoryBytes == 0 && own["memory"] != "" {
		dir := g.legacy(own["memory"], name, "memory.limit_in_bytes", bytes)
		if dir != "" {
			_ = write(dir, "memory.memsw.limit_in_bytes", bytes) // exists only where swap is counted
			g.events, g.limits.MemoryBytes = filepath.Join(dir, "memory.oom_control"), want.MemoryBytes
		}
	}
	if want.PIDs > 0 && g.limits.PIDs == 0 && own["pids"] != "" && g.legacy(own["pids"], name, "pids.max", strconv.FormatInt(want.PIDs, 10)) != "" {
		g.limits.PIDs = want.PIDs
	}
	if want.CPUs > 0 && g.limits.CPUs == 0 && own["cpu"] != "" && g.legacy(own["cpu"], name, "cpu.cfs_quota_us", cpuQuota(want.CPUs)) != "" {
		g.limits.CPUs = want.CPUs
	}
	return g
}

func cpuQuota(cpus float64) string { return strconv.Itoa(max(1000, int(cpus*cpuPeriod))) }

// unified tries version 2: in the server's own group or beside it, wherever the
// controllers are enabled.
func (g *cgroup) unified(own, name string, want runtime.Limits) {
	for _, parent := range []string{own, filepath.Dir(own)} {
		sweep(parent)
		dir := filepath.Join(parent, name)
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		if want.MemoryBytes > 0 && write(dir, "memory.max", strconv.FormatInt(want.MemoryBytes, 10)) == nil {
			_ = write(dir, "memory.swap.max", "0")
			g.events, g.limits.MemoryBytes = filepath.Join(dir, "memory.events"), want.MemoryBytes
		}
		if want.PIDs > 0 && write(dir, "pids.max", strconv.FormatInt(want.PIDs, 10)) == nil {
			g.limits.PIDs = want.PIDs
		}
		if want.CPUs > 0 && write(dir, "cpu.max", cpuQuota(want.CPUs)+" "+strconv.Itoa(cpuPeriod)) == nil {
			g.limits.CPUs = want.CPUs
		}
		if g.limits != (runtime.Limits{}) && canEnter(dir) {
			g.dirs = append(g.dirs, dir)
			return
		}
		g.limits, g.events = runtime.Limits{}, ""
		_ = os.Remove(dir)
	}
}

// canEnter reports whether the server may move processes into a group.
func canEnter(dir string) bool {
	return unix.Access(filepath.Join(dir, "cgroup.procs"), unix.W_OK) == nil
}

// legacy makes a group of one version 1 controller with one setting.
func (g *cgroup) legacy(parent, name, file, value string) (dir string) {
	sweep(parent)
	dir = filepath.Join(parent, name)
	if os.Mkdir(dir, 0o755) != nil {
		return ""
	}
	if write(dir, file, value) != nil || !canEnter(dir) {
		_ = os.Remove(dir)
		return ""
	}
	g.dirs = append(g.dirs, dir)
	return dir
}

// write writes to a control file, which must exist.
func write(dir, file, value string) error {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// add moves a process into the groups.
func (g *cgroup) add(pid int) error {
	for _, dir := range g.dirs {
		if err := write(dir, "cgroup.procs", strconv.Itoa(pid)); err != nil {
			return fmt.Errorf("enter %s: %w", dir, err)
		}
	}
	return nil
}

// kills returns how many processes were killed for lack of memory so far.
func (g *cgroup) kills() int {
	if g.events == "" {
		return 0
	}
	text, err := os.ReadFile(g.events)
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if n, ok := bytes.CutPrefix(line, []byte("oom_kill ")); ok {
			count, _ := strconv.Atoi(string(bytes.TrimSpace(n)))
			return count
		}
	}
	return 0
}

// close kills the processes in the groups and removes the groups.
func (g *cgroup) close(ctx context.Context) error {
	for _, dir := range g.dirs {
		for os.Remove(dir) != nil {
			text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
			if errors.Is(err, os.ErrNotExist) {
				break
			}
			for _, field := range bytes.Fields(text) {
				if pid, err := strconv.Atoi(string(field)); err == nil && pid > 1 && pid != os.Getpid() {
					_ = unix.Kill(pid, unix.SIGKILL)
				}
			}
			select {
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
				return fmt.Errorf("remove the control group %s: %w", dir, context.Cause(ctx))
			}
		}
	}
	g.dirs = nil
	return nil
}

// sweep removes the empty groups of servers that have died.
func sweep(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), cgroupPrefix)
		pid, _, _ := strings.Cut(rest, "-")
		if n, err := strconv.Atoi(pid); ours && err == nil && errors.Is(unix.Kill(n, 0), unix.ESRCH) {
			_ = os.Remove(filepath.Join(parent, e.Name()))
		}
	}
}

// ownCgroups finds the directories of the server's own groups by controller;
// version 2 has the key "".
func ownCgroups() map[string]string {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	mounts := cgroupMounts()
	own := map[string]string{}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			top, ok := mounts[controller]
			if !ok {
				continue
			}
			dir := filepath.Join(top, parts[2])
			if _, err := os.Stat(dir); err != nil {
				dir = top // the path belongs to another namespace
			}
			own[controller] = dir
		}
	}
	return own
}

// cgroupMounts finds where the controllers are mounted.
func cgroupMounts() map[string]string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	mounts := map[string]string{}
	for line := range strings.Lines(string(text)) {
		before, after, ok := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(kind) < 3 {
			continue
		}
		switch kind[0] {
		case "cgroup2":
			mounts[""] = fields[4]
		case "cgroup":
			for option := range strings.SplitSeq(kind[2], ",") {
				mounts[option] = fields[4]
			}
		}
	}
	return mounts
}
