//go:build !linux

package supervisor

// RunIfChild does nothing: supervisors run on Linux.
func RunIfChild() {}
