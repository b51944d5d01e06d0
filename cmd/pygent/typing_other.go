//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package main

import "io"

// unbuffered does nothing, so that only complete lines are noticed on this system.
func unbuffered(io.Reader) (restore func()) { return func() {} }
