//go:build !unix

package nolink

// Nonblock is the flag by which opening a FIFO does not wait for its other end.
const Nonblock = 0
