//go:build !linux

package local

// HideEnvironment does nothing on this system. On Linux it hides the values of
// the named variables from other processes of the same user.
func HideEnvironment(...string) {}
