//go:build unix && !linux

package local

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime"
)

// exitOf converts a shell's end as shells do: 128 + number for a signal.
func exitOf(state *os.ProcessState) runtime.Exit {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return runtime.Exit{Code: state.ExitCode()}
	}
	sig := status.Signal()
	return runtime.Exit{Code: 128 + int(sig), Signal: unix.SignalName(sig)}
}

// platform lists variables that programs need on this system.
func platform() []string { return nil }
