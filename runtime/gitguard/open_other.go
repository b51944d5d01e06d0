//go:build !linux

package gitguard

import "os"

// openDir opens a directory below root without following any link.
func openDir(_ *os.File, root *os.Root, rel, _ string) (*os.File, error) {
	return openByNames(root, rel)
}
