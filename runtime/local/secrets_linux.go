package local

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// findSecrets finds what must not be read in what may be. For an ordinary user the
// modes of files do most of that; root would read all.
func (v *view) findSecrets(state string) {
	paths := slices.Concat(secretsOfSystem, []string{state}, existing([]string{state}))
	for _, dir := range v.tools {
		for _, name := range secretsOfTools {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		if !slices.ContainsFunc(v.Read, func(r string) bool { return within(r, path) }) {
			continue
		}
		info, err := os.Lstat(path)
		switch {
		case err != nil:
			v.absent = append(v.absent, path)
		case info.Mode()&fs.ModeSymlink == 0:
			v.Hide = append(v.Hide, hidden{path, info.IsDir(), info})
		}
	}
	if os.Geteuid() == 0 && slices.Contains(v.Read, "/etc") {
		v.Hide = append(v.Hide, unreadable("/etc", v.Hide)...)
	}
}

// holds tells whether what is hidden still is: what hides a file goes with it when
// the host replaces it, and what was not there is not hidden. What comes to be in
// /etc meanwhile is not looked for.
func (v *view) holds() bool {
	for _, h := range v.Hide {
		info, err := os.Lstat(h.Path)
		if err != nil || !os.SameFile(info, h.info) || !h.Dir && !info.ModTime().Equal(h.info.ModTime()) {
			return false
		}
	}
	return !slices.ContainsFunc(v.absent, func(path string) bool {
		info, err := os.Lstat(path)
		return err == nil && info.Mode()&fs.ModeSymlink == 0
	})
}

// unreadable lists the files and directories below dir that others than their
// owner and group may not read.
func unreadable(dir string, known []hidden) (found []hidden) {
	count := 0
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if count++; err != nil || count > maxEtcEntries {
			return fs.SkipDir
		}
		if d.Type()&fs.ModeSymlink != 0 {
			return nil
		}
		if !slices.ContainsFunc(known, func(h hidden) bool { return h.Path == path }) {
			info, err := d.Info()
			if err != nil || info.Mode().Perm()&0o004 != 0 {
				return nil
			}
			found = append(found, hidden{path, d.IsDir(), info})
		}
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	return found
}
