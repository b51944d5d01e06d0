//go:build !unix

package statedir

import "io/fs"

// IsOwn reports whether a file belongs to the user of this process. Here it is
// taken to: the profile directories that hold such files are the user's alone.
func IsOwn(fs.FileInfo) bool { return true }
