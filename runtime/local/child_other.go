//go:build !linux

package local

// RunIfChild does nothing: only Linux has supervisors and sandboxes.
func RunIfChild() {}
