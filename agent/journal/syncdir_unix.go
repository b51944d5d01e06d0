//go:build unix

package journal

import (
	"errors"
	"os"
)

// syncDir makes the entries of a directory durable.
func syncDir(dir *os.Root) error {
	f, err := dir.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
