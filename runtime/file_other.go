//go:build !unix

package runtime

import (
	"io/fs"
	"os"
	"path/filepath"
)

// slashed turns the target of a link into the workspace's form.
func slashed(target string) string { return filepath.ToSlash(target) }

func keepOwner(*os.File, fs.FileInfo) {}
