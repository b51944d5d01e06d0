//go:build !linux

package gitguard

import (
	"io/fs"
	"time"
)

// changed is when a file's content was changed.
func changed(info fs.FileInfo) time.Time { return info.ModTime() }
