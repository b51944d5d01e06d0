//go:build unix

package demo

import "syscall"

// interrupt asks the server to end cleanly.
const interrupt = syscall.SIGTERM
