//go:build !linux && !darwin

package snapshot

import "io/fs"

func (s *stamp) fill(fs.FileInfo) {}
