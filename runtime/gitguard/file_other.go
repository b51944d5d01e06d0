//go:build !unix

package gitguard

import (
	"io/fs"
	"os"
)

// links returns 1: the number of names is not known here.
func links(fs.FileInfo) uint64 { return 1 }

func giveTo(*os.Root, string, fs.FileInfo) {}

// isProgram reports whether git would run a file as a hook. No permission bit
// prevents it here.
func isProgram(fs.FileInfo) bool { return true }

func identity(fs.FileInfo) (device, inode uint64) { return 0, 0 }
