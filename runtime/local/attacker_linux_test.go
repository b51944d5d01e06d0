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
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/local"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// attackArg makes the test binary, a copy of which is in the workspace, attack.
const attackArg = "__attack"

// broken is what a successful attack prints. It is concatenated so that the
// echo of a script does not contain it.
const broken = "BRO" + "KEN"

// attacks are tried inside; one that returns nil has succeeded.
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
	"kill": func(args []string) error {
		pid, _ := strconv.Atoi(args[0])
		return unix.Kill(pid, 0)
	},
	"table": func(args []string) error {
		pid, _ := strconv.Atoi(args[0])
		runtimetest.Try(os.Stdout, pid)
		return errors.New("the lines tell")
	},
	"ptrace": func([]string) error { return unix.PtraceSeize(os.Getppid()) },
	"umount": func([]string) error { return unix.Unmount(".git/config", unix.MNT_DETACH) },
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

// takeMemory keeps memory for a while, because the limit is checked now and
// then.
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

// probeInside probes for sandboxes where the strong one is not available.
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
