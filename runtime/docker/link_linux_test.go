package docker

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOwnProgram uses this program as the supervisor, which needs libraries if
// it was built with cgo, as for the race detector.
func TestOwnProgram(t *testing.T) {
	for _, w := range ways() {
		if !w.opts.NoSupervisor {
			t.Run(w.name, func(t *testing.T) { testOwnProgram(t, w) })
		}
	}
}

func testOwnProgram(t *testing.T, w way) {
	e := executor(t, workspace(t), w.with(Options{Supervisor: ownProgram(), Env: []string{"LD_PRELOAD=/no/such/library"}}))
	wantReason(t, e, map[bool][]string{true: {"copied"}}[w.opts.NoMount]...)
	if e.current.sup == nil {
		t.Error("no supervisor")
	}
	if out, _ := sh(t, e, "echo $LD_PRELOAD; grep -c ^LD_ /proc/self/environ; grep Seccomp: /proc/self/status"); !strings.HasPrefix(out, "/no/such/library\n") || !strings.HasSuffix(out, "Seccomp:\t2\n") {
		t.Errorf("%q", out)
	}
	l, err := linkOf(e.opts.Supervisor.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", l)
}

func TestClosure(t *testing.T) {
	glibc := []library{
		{"/lib/ld-2.31.so", []string{"ld-2.31.so", "ld-linux-x86-64.so.2"}, nil},
		{"/lib/libc-2.31.so", []string{"libc-2.31.so", "libc.so.6"}, []string{"ld-linux-x86-64.so.2"}},
		{"/lib/libresolv.so.2", []string{"libresolv.so.2"}, []string{"libc.so.6"}},
		{"/lib/libnss_files.so.2", []string{"libnss_files.so.2"}, []string{"libc.so.6"}}, // loaded, but not needed
	}
	got, err := closure([]string{"libresolv.so.2"}, "/lib/ld-2.31.so", glibc)
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]string{"libresolv.so.2": "/lib/libresolv.so.2", "libc.so.6": "/lib/libc-2.31.so"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := closure([]string{"libodd.so"}, "/lib/ld-2.31.so", glibc); err == nil || !strings.Contains(err.Error(), "libodd.so") {
		t.Errorf("a library that is not there: %v", err)
	}
	if got, err := closure([]string{"libc.musl-x86_64.so.1"}, "/lib/ld-musl-x86_64.so.1", nil); err != nil || len(got) > 0 {
		t.Errorf("musl: %v, %v", got, err)
	}
}

func TestMapped(t *testing.T) {
	const maps = `00400000-00401000 r-xp 00000000 fe:00 123 /usr/bin/with blank
7f0000000000-7f0000001000 r--p 00000000 fe:00 124 /lib/libc.so.6 (deleted)
7f0000001000-7f0000002000 r-xp 00001000 fe:00 124 /lib/libc.so.6 (deleted)
7f0000003000-7f0000004000 rw-p 00000000 00:00 0
7ffc00000000-7ffc00001000 rw-p 00000000 00:00 0 [stack]
`
	if diff := cmp.Diff([]string{"/lib/libc.so.6", "/usr/bin/with blank"}, mapped(maps)); diff != "" {
		t.Error(diff)
	}
}

func TestPreloads(t *testing.T) {
	env := []string{"A=1", "LD_PRELOAD=x"}
	empty := withhold(env)
	if diff := cmp.Diff([]string{"A=1", "LD_PRELOAD=", "LD_AUDIT="}, empty); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"A=1", "LD_PRELOAD=own", "LD_AUDIT=image"}, restore(empty, []string{"LD_PRELOAD=image", "LD_AUDIT=image"}, []string{"LD_PRELOAD=own"})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"A=1"}, restore(withhold(env[:1]), nil, nil)); diff != "" {
		t.Error(diff)
	}
	if strings.Join(env, " ") != "A=1 LD_PRELOAD=x" {
		t.Errorf("the own environment was changed: %q", env)
	}
}
