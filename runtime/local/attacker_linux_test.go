package local_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// attackArg makes the test binary, which lies in the workspace then, attack.
const attackArg = "__attack"

// broken is what an attack that worked prints. It is put together so that no
// script that is echoed holds it.
const broken = "BRO" + "KEN"

// attacks are tried inside; one that returns nil has worked.
var attacks = map[string]func(args []string) error{
	"write": func(args []string) error { return os.WriteFile(args[0], []byte("owned"), 0o600) },
	"read":  func(args []string) error { _, err := os.ReadFile(args[0]); return err },
	"truncate": func(args []string) error {
		return os.Truncate(args[0], 0)
	},
	"link": func(args []string) error {
		if err := os.Link(args[0], "hard"); err != nil {
			return err
		}
		return os.WriteFile("hard", []byte("owned"), 0o600)
	},
	"dial": func(args []string) error {
		c, err := net.DialTimeout(args[0], args[1], time.Second)
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = c.Write([]byte("owned"))
		if args[0] == "udp" && err == nil {
			return fmt.Errorf("the receiver tells")
		}
		return err
	},
	"get": func(args []string) error {
		c, err := net.Dial("tcp", args[0])
		if err != nil {
			return err
		}
		defer c.Close()
		text := make([]byte, 5)
		_, err = io.ReadFull(c, text)
		fmt.Printf("got %s\n", text)
		return err
	},
	"fetch": func(args []string) error { // through the proxy: Go's own client never asks one for a loopback host
		through, err := url.Parse(os.Getenv("HTTP_PROXY"))
		if err != nil || through.Host == "" {
			return fmt.Errorf("no HTTP_PROXY: %w", err)
		}
		client := http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(through)}}
		res, err := client.Get("http://" + args[0] + "/")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		fmt.Printf("fetched %d %s\n", res.StatusCode, text)
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", res.StatusCode)
		}
		return err
	},
	"vsock": func([]string) error { return socket(unix.AF_VSOCK, unix.SOCK_STREAM) },
	"alg":   func([]string) error { return socket(unix.AF_ALG, unix.SOCK_SEQPACKET) },
	"raw":   func([]string) error { return socket(unix.AF_PACKET, unix.SOCK_RAW) },
	"kill": func(args []string) error {
		pid, _ := strconv.Atoi(args[0])
		return unix.Kill(pid, 0)
	},
	"ptrace": func([]string) error { return unix.PtraceSeize(os.Getppid()) },
	"vmread": func([]string) error {
		buf := make([]byte, 8)
		here := []unix.Iovec{{Base: &buf[0], Len: 8}}
		_, err := unix.ProcessVMReadv(supervisorPID(), here, []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&buf[0])), Len: 8}}, 0)
		return err
	},
	"supervisor": func(args []string) error {
		f, err := os.OpenFile("/proc/"+strconv.Itoa(supervisorPID())+"/"+args[0], os.O_RDONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Read(make([]byte, 1))
		return err
	},
	"unshare": func([]string) error { return unix.Unshare(unix.CLONE_NEWUSER) },
	"setns":   func([]string) error { return unix.Setns(0, 0) },
	"userns":  func([]string) error { return born(unix.CLONE_NEWUSER) },
	"mountns": func([]string) error { return born(unix.CLONE_NEWUSER | unix.CLONE_NEWNS) },
	"mount":   func([]string) error { return unix.Mount("none", ".", "tmpfs", 0, "") },
	"umount":  func([]string) error { return unix.Unmount(".git/config", unix.MNT_DETACH) },
	"chroot":  func([]string) error { return unix.Chroot(".") },
	"bpf":     func([]string) error { return call(unix.SYS_BPF) },
	"uring":   func([]string) error { return call(unix.SYS_IO_URING_SETUP) },
	"keyctl":  func([]string) error { return call(unix.SYS_KEYCTL) },
	"clone3":  func([]string) error { return call(unix.SYS_CLONE3) },
	"sysctl":  func([]string) error { return os.WriteFile("/proc/sys/kernel/core_pattern", []byte("|/x"), 0o600) },
	"sysrq":   func([]string) error { return os.WriteFile("/proc/sysrq-trigger", []byte("h"), 0o600) },
	"setuid":  func([]string) error { return syscall.Setuid(12345) },
	"device":  func([]string) error { return unix.Mknod("dev", unix.S_IFBLK|0o600, 0x700) },
	"prlimit": func(args []string) error {
		pid, _ := strconv.Atoi(args[0])
		return unix.Prlimit(pid, unix.RLIMIT_CORE, &unix.Rlimit{}, nil)
	},
	"signals": func(args []string) error {
		pid, _ := strconv.Atoi(args[0])
		if err := runtimetest.SignalAll(pid); err != nil {
			return err
		}
		return errors.New("others tell")
	},
	"memory":       func(args []string) error { return takeMemory(args[0], -1, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS) },
	"sharedmemory": func(args []string) error { return takeMemory(args[0], -1, unix.MAP_SHARED|unix.MAP_ANONYMOUS) },
	"memfd": func(args []string) error {
		n, _ := strconv.Atoi(args[0])
		fd, err := unix.MemfdCreate("x", 0)
		if err != nil {
			return err
		}
		for text := make([]byte, 1<<20); n > 0; n -= len(text) { // mapped nowhere
			if _, err := unix.Write(fd, text); err != nil {
				return err
			}
		}
		return nil
	},
	"segment": func(args []string) error {
		n, _ := strconv.Atoi(args[0])
		id, err := unix.SysvShmGet(unix.IPC_PRIVATE, n, 0o600)
		if err != nil {
			return err
		}
		_, err = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		return err
	},
}

// takeMemory keeps memory for a while, for a limit that is looked at now and then.
func takeMemory(size string, fd, flags int) error {
	n, _ := strconv.Atoi(size)
	b, err := unix.Mmap(fd, 0, n, unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return err
	}
	for i := 0; i < n; i += 4096 {
		b[i] = 1
	}
	time.Sleep(time.Second)
	return nil
}

// serveTCP is no attack: a development server, in a job.
func serveTCP() int {
	l, err := net.Listen("tcp", "127.0.0.1:8321")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("listening")
	for {
		c, err := l.Accept()
		if err != nil {
			return 1
		}
		_, _ = c.Write([]byte("hello"))
		_ = c.Close()
	}
}

// probeInside looks for sandboxes where the strong one cannot be had.
func probeInside() int {
	report := local.Probe(context.Background())
	fmt.Printf("level %s: %s\n", report.Level, report.Summary())
	ws, err := runtime.TempWorkspace()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	rt := runtime.New(ws, local.New(ws, local.Options{Level: runtime.SandboxStrong}), runtime.Options{})
	defer func() { _ = rt.Cleanup(context.Background()) }()
	fmt.Println(rt.Bash(context.Background(), "echo it r''an", runtime.BashOptions{}).Text)
	return 0
}

func supervisorPID() int {
	if os.Getppid() == 1 {
		return 1
	}
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(os.Getppid()) + "/stat")
	var pid, ppid int
	var name, state string
	_, _ = fmt.Sscan(string(stat), &pid, &name, &state, &ppid)
	return ppid
}

func socket(family, kind int) error {
	_, err := unix.Socket(family, kind, 0)
	return err
}

func call(number uintptr) error {
	_, _, errno := unix.Syscall(number, 0, 0, 0)
	if errno == unix.EPERM || errno == unix.ENOSYS || errno == unix.EACCES {
		return errno
	}
	return nil // it was let through, whatever it said to nonsense
}

func born(flags uintptr) error {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	return cmd.Run()
}

func attack(name string, args []string) int {
	if name == "serve" {
		return serveTCP()
	}
	if name == "probe" {
		return probeInside()
	}
	try := attacks[name]
	if try == nil {
		fmt.Println("no such attack:", name)
		return 2
	}
	if err := try(args); err != nil {
		fmt.Println("held:", err)
		return 1
	}
	fmt.Println(broken)
	return 0
}
