package snapshot

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// scanFile keeps the last scan, so that the next Tracker reads only what has
// changed since. It is a cache: without it all is read anew.
const scanFile = "scan"

// scanVersion changes with the shape of savedScan.
const scanVersion = 1

type savedScan struct {
	Version int
	Dir     string // the workspace
	Git     string
	Dirs    map[string][]savedEntry
}

// savedEntry is a file whose content is known; other entries cost a stat only.
type savedEntry struct {
	Name                    string
	Size, Mtime, Ctime      int64
	Ino, Dev                uint64
	UID, GID, Mode, Holding uint32
	Hash                    Hash
}

// save writes the scan beside the old one and puts it in its place.
func (t *Tracker) save(m *manifest) error {
	s := savedScan{Version: scanVersion, Dir: t.dir, Git: m.git, Dirs: make(map[string][]savedEntry, len(m.dirs))}
	for dir, list := range m.dirs {
		var kept []savedEntry
		for i := range list {
			e := &list[i]
			if e.held == heldNowhere || e.racy {
				continue
			}
			p := e.stamp
			kept = append(kept, savedEntry{
				Name: e.name, Size: p.size, Mtime: p.mtime, Ctime: p.ctime, Ino: p.ino, Dev: p.dev,
				UID: p.uid, GID: p.gid, Mode: e.mode, Holding: uint32(e.held), Hash: e.hash,
			})
		}
		if kept != nil {
			s.Dirs[dir] = kept
		}
	}
	temp := filepath.Join(t.state, tempName())
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep the scan: %w", err)
	}
	out := bufio.NewWriter(f)
	err = gob.NewEncoder(out).Encode(s)
	if err == nil {
		err = out.Flush()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(temp, filepath.Join(t.state, scanFile))
	}
	if err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("keep the scan: %w", err)
	}
	return nil
}

// load returns what save wrote, or an empty scan.
func (t *Tracker) load() *manifest {
	none := &manifest{dirs: map[string][]entry{}}
	f, err := os.Open(filepath.Join(t.state, scanFile))
	if err != nil {
		return none
	}
	defer func() { _ = f.Close() }()
	var s savedScan
	if err := gob.NewDecoder(bufio.NewReader(f)).Decode(&s); err != nil || s.Version != scanVersion || s.Dir != t.dir {
		return none
	}
	m := &manifest{git: s.Git, dirs: make(map[string][]entry, len(s.Dirs))}
	for dir, list := range s.Dirs {
		entries := make([]entry, len(list))
		for i, k := range list {
			entries[i] = entry{
				name: k.Name, kind: File, mode: k.Mode, held: holding(k.Holding), hash: k.Hash,
				stamp: stamp{size: k.Size, mtime: k.Mtime, ctime: k.Ctime, ino: k.Ino, dev: k.Dev, uid: k.UID, gid: k.GID},
			}
		}
		m.dirs[dir] = entries
	}
	return m
}
