//go:build !linux

package gitguard

import (
	"io/fs"
	"time"
)

// changed returns when a file's content was last changed.
func changed(info fs.FileInfo) time.Time { return info.ModTime() }
