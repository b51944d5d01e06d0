//go:build unix

package nolink

import "syscall"

// Nonblock is the flag by which opening a FIFO does not wait for its other end.
const Nonblock = syscall.O_NONBLOCK
