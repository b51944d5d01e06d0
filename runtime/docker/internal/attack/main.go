//go:build linux

// Command attack tries, from inside a container, what no command may achieve
// there and what a shell alone cannot try. It prints a line for each attempt:
// "held NAME: ERROR", or "broken NAME". The host's addresses are its arguments:
// TCP, UDP and an abstract socket's name. With the argument "signals" it sends PID 1
// all signals and prints "sent"; with "hide" it becomes nobody's process, as far as
// it can, makes the file "hides", and stays.
package main

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/runtimetest"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "signals" {
		signals()
		return
	}
	if len(os.Args) == 2 && os.Args[1] == "hide" {
		_ = setTag()
		_ = os.WriteFile("hides", nil, 0o600)
		time.Sleep(time.Minute)
		return
	}
	if len(os.Args) != 4 {
		fmt.Println("broken usage")
		os.Exit(2)
	}
	if err := os.WriteFile("setid", nil, 0o600); err != nil {
		fmt.Println("broken", err)
		os.Exit(2)
	}
	dial := func(network, address string) func() error {
		return func() error {
			c, err := net.DialTimeout(network, address, 2*time.Second)
			if err != nil {
				return err
			}
			defer func() { _ = c.Close() }()
			_, err = c.Write([]byte("x"))
			return err
		}
	}
	for _, try := range []struct {
		name string
		do   func() error
	}{
		{"TCP to the host", dial("tcp", os.Args[1])},
		{"UDP to the host", dial("udp", os.Args[2])},
		{"abstract socket of the host", dial("unix", "@"+os.Args[3])},
		{"TCP to the outside", dial("tcp", "192.0.2.1:80")},
		{"UDP to the outside", dial("udp", "192.0.2.1:53")},
		{"docker.sock", dial("unix", "/var/run/docker.sock")},
		{"ptrace of PID 1", func() error { return unix.PtraceAttach(1) }},
		{"memory of PID 1", func() error { return open("/proc/1/mem") }},
		{"environment of PID 1", func() error { return open("/proc/1/environ") }},
		{"descriptors of PID 1", func() error { return open("/proc/1/fd/0") }},
		{"kill of PID 1", killFirst},
		{"user namespace", func() error { return unix.Unshare(unix.CLONE_NEWUSER) }},
		{"mount namespace", func() error { return unix.Unshare(unix.CLONE_NEWNS) }},
		{"mount", func() error { return unix.Mount("none", "/tmp", "tmpfs", 0, "") }},
		{"device", func() error { return unix.Mknod("/tmp/sda", unix.S_IFBLK|0o600, 8<<8) }},
		{"setuid", func() error { return syscall.Setuid(os.Getuid() + 1) }},
		{"raw socket", func() error { return socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP) }},
		{"keyring", func() error { _, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, true); return err }},
		{"BPF", func() error { _, _, e := unix.Syscall(unix.SYS_BPF, 0, 0, 0); return refused(e) }},
		{"host's clock", func() error { return unix.Settimeofday(&unix.Timeval{Sec: 1}) }},
		{"set-user-ID by chmod", func() error { return setID(os.Chmod("setid", 0o755|os.ModeSetuid)) }},
		{"set-group-ID by chmod", func() error { return setID(os.Chmod("setid", 0o755|os.ModeSetgid)) }},
		{"set-user-ID by open", openSetID},
		{"set-user-ID by mknod", func() error { return setID(unix.Mknod("setid-node", unix.S_IFREG|0o4755, 0)) }},
		{"own tag", setTag},
		{"limit of PID 1", func() error { return unix.Prlimit(1, unix.RLIMIT_CPU, &unix.Rlimit{Cur: 1, Max: 1 << 40}, nil) }},
		{"kernel's settings", func() error { return os.WriteFile("/proc/sys/kernel/core_pattern", []byte("|/x"), 0) }},
	} {
		if err := try.do(); err != nil {
			fmt.Printf("held %s: %v\n", try.name, err)
		} else {
			fmt.Printf("broken %s\n", try.name)
		}
	}
}

func signals() {
	if err := runtimetest.SignalAll(1); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("sent")
}

func open(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err == nil {
		_ = f.Close()
	}
	return err
}

// killFirst sends PID 1 what it cannot catch. That the signal is accepted says
// nothing; that this process still lives a moment later does.
func killFirst() error {
	if err := unix.Kill(1, unix.SIGKILL); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond)
	return fmt.Errorf("it lives")
}

// setTag takes the tag of its command from this process.
func setTag() error {
	return unix.Setrlimit(unix.RLIMIT_RTTIME, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY})
}

// openSetID makes a file with the bit.
func openSetID() error {
	fd, err := unix.Open("setid-open", unix.O_CREAT|unix.O_RDWR, 0o4755)
	if err == nil {
		_ = unix.Close(fd)
	}
	return setID(err)
}

// setID is what a try to make a program that runs as its owner came to, by the
// files there are.
func setID(err error) error {
	for _, name := range []string{"setid", "setid-open", "setid-node"} {
		if info, e := os.Stat(name); e == nil && info.Mode()&(os.ModeSetuid|os.ModeSetgid) != 0 {
			return nil
		}
	}
	return err
}

func socket(domain, kind, protocol int) error {
	fd, err := unix.Socket(domain, kind, protocol)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

// refused tells a system call that is denied from one that only got nonsense.
func refused(errno syscall.Errno) error {
	if errno == unix.EPERM || errno == unix.ENOSYS {
		return errno
	}
	return nil
}
