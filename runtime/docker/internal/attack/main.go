//go:build linux

// Command attack runs inside a container and tries attacks that a shell alone
// cannot try: to reach the host, and runtimetest.Attacks. None may succeed. It
// prints a line for each attempt: "held NAME: ERROR", or "broken NAME". The
// host's addresses are its arguments: TCP, UDP and an abstract socket's name.
// With the argument "signals" it sends PID 1 all signals and prints "sent".
// With "hide" it removes, as far as it can, all by which its command can be
// known, makes the file "hides", and stays.
package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/pygent/pygent/runtime/runtimetest"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "signals" {
		signals()
		return
	}
	if len(os.Args) == 2 && os.Args[1] == "hide" {
		_ = runtimetest.ClearTag()
		_ = os.WriteFile("hides", nil, 0o600)
		time.Sleep(time.Minute)
		return
	}
	if len(os.Args) > 2 && os.Args[1] == runtimetest.SocketArg {
		os.Exit(runtimetest.SocketProgram(os.Args[2:], os.Stdout))
	}
	if len(os.Args) != 4 {
		fmt.Println("broken usage")
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
	} {
		if err := try.do(); err != nil {
			fmt.Printf("%s %s: %v\n", runtimetest.Held, try.name, err)
		} else {
			fmt.Printf("%s %s\n", runtimetest.Broken, try.name)
		}
	}
	runtimetest.Try(os.Stdout, 1)
}

func signals() {
	if err := runtimetest.SignalAll(1); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("sent")
}
