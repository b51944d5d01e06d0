//go:build !unix

package gitguard

import (
	"io/fs"
	"os"
)

const openNonblock = 0

// links is not known here.
func links(fs.FileInfo) uint64 { return 1 }

func giveTo(*os.Root, string, fs.FileInfo) {}

// isProgram tells whether git would run a file as a hook: there is no bit for it.
func isProgram(fs.FileInfo) bool { return true }
