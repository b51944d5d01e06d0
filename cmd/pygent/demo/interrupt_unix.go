//go:build unix

package demo

import "syscall"

// interrupt asks the server to end in order.
const interrupt = syscall.SIGTERM
