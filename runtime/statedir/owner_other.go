//go:build !unix

package statedir

import "io/fs"

// IsOwn reports whether a file belongs to the user of this process. It is
// always true here, because only the user can access the profile directory that
// holds such files.
func IsOwn(fs.FileInfo) bool { return true }
