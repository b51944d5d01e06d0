package local_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
)

const filterVar = "PYGENT_TEST_FILTER" // the level that TestFilterInside runs in

func TestFilters(t *testing.T) {
	for _, level := range []string{runtime.SandboxStrong, runtime.SandboxMedium} {
		t.Run(level, func(t *testing.T) {
			rt := newRepo(t, level, runtime.Limits{})
			cmd := "SUPERVISOR=$PPID " + filterVar + "=" + level + " ./attacker -test.run='^TestFilterInside$' -test.v"
			res := rt.Bash(t.Context(), cmd, runtime.BashOptions{})
			if res.Err != nil || !strings.Contains(res.Text, "--- PASS: TestFilterInside") {
				t.Errorf("%s", res.Text)
			}
		})
	}
}

// syscallError makes a system call.
func syscallError(number uintptr, args ...uintptr) error {
	var a [6]uintptr
	copy(a[:], args)
	if _, _, errno := unix.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
		return errno
	}
	return nil
}

// TestFilterInside makes the filtered calls as a command.
func TestFilterInside(t *testing.T) {
	level := os.Getenv(filterVar)
	if level == "" {
		t.Skip("TestFilters runs it")
	}
	if err := os.WriteFile("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tagCalls(t)
	modeCalls(t)
	if level == runtime.SandboxMedium {
		ipcCalls(t)
		killCalls(t)
		attributeCalls(t)
	}
}

func denied(t *testing.T, name string, err error) {
	t.Helper()
	if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.ENOSYS) {
		t.Errorf("%s: %v", name, err)
	}
}

func allowed(t *testing.T, name string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s must work: %v", name, err)
	}
}

// tagLimit is the memory for a call's limit: not on a goroutine's stack, which
// can move.
var tagLimit unix.Rlimit

func tagCalls(t *testing.T) {
	lim := &tagLimit
	at := uintptr(unsafe.Pointer(lim))
	allowed(t, "read a tag", syscallError(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_RTTIME, 0, at))
	if lim.Cur < 1<<50 {
		t.Errorf("there is no tag: %+v", *lim)
	}
	was := *lim
	lim.Cur++
	denied(t, "setrlimit", syscallError(unix.SYS_SETRLIMIT, unix.RLIMIT_RTTIME, at))
	denied(t, "prlimit64", syscallError(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_RTTIME, at))
	denied(t, "prlimit64 of its pid", syscallError(unix.SYS_PRLIMIT64, uintptr(os.Getpid()), unix.RLIMIT_RTTIME, at))
	denied(t, "prlimit64 with a key", syscallError(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_RTTIME, at, 0, 1))
	allowed(t, "read a tag again", syscallError(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_RTTIME, 0, at))
	if *lim != was {
		t.Errorf("the tag was %+v and is %+v", was, *lim)
	}
	allowed(t, "other limits", unix.Prlimit(0, unix.RLIMIT_CORE, &unix.Rlimit{}, nil))
}

func modeCalls(t *testing.T) {
	path, _ := unix.BytePtrFromString("file")
	fresh, _ := unix.BytePtrFromString("fresh")
	file, other := uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(fresh))
	fd, err := unix.Open("file", unix.O_RDWR, 0o6755) // a mode without O_CREAT means nothing
	allowed(t, "open", err)
	here := unix.AT_FDCWD
	for _, bits := range []uintptr{0o4755, 0o2755, 0o6755} {
		denied(t, "fchmod", syscallError(unix.SYS_FCHMOD, uintptr(fd), bits))
		denied(t, "fchmodat", syscallError(unix.SYS_FCHMODAT, uintptr(here), file, bits))
		denied(t, "fchmodat2", syscallError(unix.SYS_FCHMODAT2, uintptr(here), file, bits, 0))
		denied(t, "mknodat", syscallError(unix.SYS_MKNODAT, uintptr(here), other, unix.S_IFREG|bits, 0))
		denied(t, "openat", syscallError(unix.SYS_OPENAT, uintptr(here), other, unix.O_CREAT|unix.O_RDWR, bits))
		denied(t, "chmod", unix.Chmod("file", uint32(bits)))
	}
	allowed(t, "chmod", unix.Chmod("file", 0o1755))
	allowed(t, "mknod", unix.Mknod("regular", unix.S_IFREG|0o644, 0))
}

func ipcCalls(t *testing.T) {
	denied(t, "shmget", syscallError(unix.SYS_SHMGET, 0, 4096, 0o1600))
	denied(t, "semget", syscallError(unix.SYS_SEMGET, 0, 1, 0o1600))
	denied(t, "msgget", syscallError(unix.SYS_MSGGET, 0, 0o1600))
	name, _ := unix.BytePtrFromString("pygent-test")
	denied(t, "mq_open", syscallError(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(name)), unix.O_CREAT|unix.O_RDWR, 0o600, 0))
	denied(t, "mq_unlink", syscallError(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(name))))
}

func killCalls(t *testing.T) {
	pid, err := strconv.Atoi(os.Getenv("SUPERVISOR"))
	if err != nil || pid < 2 {
		t.Fatal(pid, err)
	}
	// Signal 0 ends nothing if it is allowed.
	denied(t, "kill its group", unix.Kill(-pid, 0))
	denied(t, "kill all", unix.Kill(-1, 0))
	var info [128]byte
	info[8] = 0xff // si_code
	at := uintptr(unsafe.Pointer(&info))
	tasks, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil || len(tasks) < 2 {
		t.Fatalf("the supervisor's threads: %v, %v", tasks, err)
	}
	for _, task := range tasks {
		tid, _ := strconv.Atoi(task.Name())
		denied(t, "kill", unix.Kill(tid, 0))
		denied(t, "tkill", syscallError(unix.SYS_TKILL, uintptr(tid), 0))
		denied(t, "tgkill", unix.Tgkill(pid, tid, 0))
		denied(t, "rt_sigqueueinfo", syscallError(unix.SYS_RT_SIGQUEUEINFO, uintptr(tid), 0, at))
		denied(t, "rt_tgsigqueueinfo", syscallError(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(pid), uintptr(tid), 0, at))
	}
	fd, err := unix.Open("file", unix.O_RDONLY, 0)
	allowed(t, "open", err)
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETSIG, int(unix.SIGKILL))
	denied(t, "F_SETSIG", err)
	allowed(t, "tkill itself", syscallError(unix.SYS_TKILL, uintptr(os.Getpid()), 0))
	if fd, err := unix.PidfdOpen(pid, 0); err == nil {
		denied(t, "pidfd_send_signal", unix.PidfdSendSignal(fd, 0, nil, 0))
	}
	allowed(t, "kill its own", unix.Kill(os.Getpid(), 0))
	allowed(t, "kill its own group", unix.Kill(0, 0))
}

func attributeCalls(t *testing.T) {
	for name, call := range map[string]func() error{
		"setxattr":    func() error { return unix.Setxattr("file", "user.x", []byte("x"), 0) },
		"lsetxattr":   func() error { return unix.Lsetxattr("file", "user.x", []byte("x"), 0) },
		"removexattr": func() error { return unix.Removexattr("file", "user.x") },
	} {
		if err := call(); !errors.Is(err, unix.ENOTSUP) {
			t.Errorf("%s: %v", name, err)
		}
	}
	uid, gid := os.Getuid(), os.Getgid()
	denied(t, "chown", unix.Chown("file", uid+1, -1))
	denied(t, "lchown of the group", unix.Lchown("file", -1, gid+1))
	denied(t, "fchownat", unix.Fchownat(unix.AT_FDCWD, "file", uid, gid+1, 0))
	allowed(t, "chown to itself", unix.Chown("file", uid, gid))
	allowed(t, "fchownat to nobody", unix.Fchownat(unix.AT_FDCWD, "file", -1, -1, 0))
	allowed(t, "utimes", unix.Utimes("file", []unix.Timeval{{}, {}}))
}
