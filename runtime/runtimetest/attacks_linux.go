package runtimetest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/internal/seccomp"
)

// Attack is an attack that must fail in every sandbox. A program that runs as a
// command tries it. The same list is tried in each sandbox, so that none is
// weaker than another.
type Attack struct {
	Name string
	// Needs is what a runtime must have for the attack to fail, "" for only its
	// sandbox. Runtimes that lack it say so in Info.Reason.
	Needs string
	// Do returns nil if the attack succeeded. pid is the supervisor's.
	Do func(pid int) error
}

// Kinds of Attack.Needs.
const (
	NeedsFilter     = "filter"     // a filter of system calls, which needs a supervisor
	NeedsSupervisor = "supervisor" // a shell as PID 1 has nothing to hide
	NeedsLandlock   = "landlock"   // needs a supervisor and a kernel that has it
)

// Words that Try prints. They are concatenated so that the echo of a script
// does not contain them.
const (
	Held   = "he" + "ld"
	Broken = "bro" + "ken"
)

// Try tries all attacks in the current directory and prints a line for each.
func Try(out io.Writer, pid int) {
	for _, a := range Attacks() {
		if err := a.Do(pid); err != nil {
			_, _ = fmt.Fprintf(out, "%s %s: %v\n", Held, a.Name, err)
		} else {
			_, _ = fmt.Fprintf(out, "%s %s\n", Broken, a.Name)
		}
	}
}

// Attacks returns the list in the order of trying.
func Attacks() []Attack {
	list := []Attack{
		{"socket to the host of this machine", NeedsFilter, socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0)},
		{"socket of the kernel's ciphers", NeedsFilter, socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0)},
		{"netlink to the device manager", NeedsFilter, socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_KOBJECT_UEVENT)},
		{"packet socket", "", socket(unix.AF_PACKET, unix.SOCK_RAW, 0)},
		{"raw socket", "", socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)},
		{"set-user-ID by io_uring", NeedsFilter, setIDByRing},
		{"set-user-ID by chmod", NeedsFilter, setID(func(name string) error { return made(name, os.Chmod, 0o755|os.ModeSetuid) })},
		{"set-group-ID by chmod", NeedsFilter, setID(func(name string) error { return made(name, os.Chmod, 0o755|os.ModeSetgid) })},
		{"set-user-ID by open", NeedsFilter, setID(openSetID)},
		{"set-user-ID by openat2", NeedsFilter, setID(openat2SetID)},
		{"set-user-ID by mknod", NeedsFilter, setID(func(name string) error { return unix.Mknod(name, unix.S_IFREG|0o4755, 0) })},
		{"own tag", NeedsFilter, func(int) error { return ClearTag() }},
		{"input of a terminal", NeedsFilter, typeIn},
		{"debugging of a child", NeedsFilter, debug},
		{"ptrace of the supervisor", NeedsSupervisor, unix.PtraceAttach},
		{"memory of the supervisor", NeedsSupervisor, readOf("mem")},
		{"environment of the supervisor", NeedsSupervisor, readOf("environ")},
		{"streams of the supervisor", NeedsSupervisor, readOf("fd/0")},
		{"memory of the supervisor by a call", NeedsSupervisor, readMemory},
		{"limit of the supervisor", NeedsSupervisor, func(pid int) error {
			return unix.Prlimit(pid, unix.RLIMIT_CPU, &unix.Rlimit{Cur: 1, Max: 1 << 40}, nil)
		}},
		{"end of the supervisor", "", kill},
		{"user namespace", "", func(int) error { return unix.Unshare(unix.CLONE_NEWUSER) }},
		{"user namespace of a child", "", born(unix.CLONE_NEWUSER)},
		{"mount namespace of a child", "", born(unix.CLONE_NEWUSER | unix.CLONE_NEWNS)},
		{"namespace of the supervisor", "", func(pid int) error { return enter(pid) }},
		{"mount", "", func(int) error { return unix.Mount("none", "/tmp", "tmpfs", 0, "") }},
		{"unmount", "", func(int) error { return unix.Unmount("/proc", unix.MNT_DETACH) }},
		{"device", "", func(int) error { return unix.Mknod("/tmp/sda", unix.S_IFBLK|0o600, 8<<8) }},
		{"file in /dev", NeedsLandlock, write("/dev/made")},
		{"kernel's settings", "", write("/proc/sys/kernel/core_pattern")},
		{"kernel's keys", "", write("/proc/sysrq-trigger")},
		{"file in /sys", "", write("/sys/made")},
		{"own score for want of memory", NeedsLandlock, write("/proc/self/oom_score_adj")},
		{"another user", "", func(int) error { return syscall.Setuid(os.Getuid() + 1) }},
		{"keyring", "", func(int) error { _, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, true); return err }},
		{"host's clock", "", func(int) error { return unix.Settimeofday(&unix.Timeval{Sec: 1}) }},
	}
	for _, call := range append(seccomp.Denied(), unix.SYS_CLONE3) {
		list = append(list, Attack{"system call " + strconv.Itoa(int(call)), NeedsFilter, nonsense(call)})
	}
	return list
}

func socket(domain, kind, protocol int) func(int) error {
	return func(int) error {
		fd, err := unix.Socket(domain, kind, protocol)
		if err == nil {
			_ = unix.Close(fd)
		}
		return err
	}
}

// setID tries to make a program that runs as its owner. The file's mode shows
// whether that succeeded.
func setID(try func(name string) error) func(int) error {
	return func(int) error {
		name := "setid-" + strconv.FormatInt(time.Now().UnixNano(), 36)
		defer func() { _ = os.Remove(name) }()
		err := try(name)
		info, missing := os.Stat(name)
		switch {
		case missing == nil && info.Mode()&(os.ModeSetuid|os.ModeSetgid) != 0:
			return nil
		case err == nil:
			return errors.New("nothing of that kind was made")
		}
		return err
	}
}

func made(name string, chmod func(string, os.FileMode) error, mode os.FileMode) error {
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		return err
	}
	return chmod(name, mode)
}

func openSetID(name string) error {
	fd, err := unix.Open(name, unix.O_CREAT|unix.O_RDWR, 0o4755)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

// openat2SetID passes the mode in memory, where no filter of system calls can
// read it.
func openat2SetID(name string) error {
	fd, err := unix.Openat2(unix.AT_FDCWD, name, &unix.OpenHow{Flags: unix.O_CREAT | unix.O_RDWR, Mode: 0o6755})
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

// ClearTag removes from this process the tag of its command.
func ClearTag() error {
	return unix.Setrlimit(unix.RLIMIT_RTTIME, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY})
}

// typeIn puts input into a terminal of its own, for a program that reads there.
func typeIn(int) error {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	letter := byte('x')
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCSTI, uintptr(unsafe.Pointer(&letter))); errno != 0 {
		return errno
	}
	return nil
}

func debug(int) error {
	cmd := exec.Command("/bin/sh", "-c", "read x")
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%w (no shell)", err)
	}
	defer func() {
		_ = in.Close()
		_ = cmd.Wait()
	}()
	return unix.PtraceSeize(cmd.Process.Pid)
}

func readOf(file string) func(pid int) error {
	return func(pid int) error {
		f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/" + file)
		if err == nil {
			_ = f.Close()
		}
		return err
	}
}

func readMemory(pid int) error {
	buf := make([]byte, 8)
	here := []unix.Iovec{{Base: &buf[0], Len: 8}}
	_, err := unix.ProcessVMReadv(pid, here, []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&buf[0])), Len: 8}}, 0)
	return err
}

// kill sends a signal that cannot be caught. It is not enough that the signal
// is accepted; the attack failed if this process still lives a moment later.
func kill(pid int) error {
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond)
	return errors.New("it lives")
}

// enter joins the PID namespace of another process.
func enter(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	return unix.Setns(fd, unix.CLONE_NEWNS)
}

func born(flags uintptr) func(int) error {
	return func(int) error {
		cmd := exec.Command("/bin/sh", "-c", ":")
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
		return cmd.Run()
	}
}

func write(name string) func(int) error {
	return func(int) error { return os.WriteFile(name, []byte("0"), 0o600) }
}

// nonsense makes a call with invalid arguments, whose error distinguishes a
// denied call from one that only refuses the arguments.
func nonsense(call uint32) func(int) error {
	const none = ^uintptr(0)
	return func(int) error {
		_, _, errno := unix.Syscall6(uintptr(call), none, none, none, none, none, none)
		if errno == unix.EPERM || errno == unix.ENOSYS {
			return errno
		}
		return nil
	}
}
