package snapshot

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// scanFile keeps the last scan, so that the next Tracker reads only what has
// changed since. It is a cache: without it all is read anew.
const scanFile = "scan"

// scanVersion changes with the shape of savedScan.
const scanVersion = 2

type savedScan struct {
	Version int
	Dir     string // the workspace
	Git     string
	Dirs    map[string][]savedEntry
}

// savedEntry is an entry; what is zero takes no room.
type savedEntry struct {
	Name, Note              string
	Size, Mtime, Ctime      int64
	Ino, Dev                uint64
	UID, GID, Mode, Holding uint32
	Kind                    int // its place in savedKinds
	Racy, Ignored           bool
	Hash                    Hash
}

func savedKinds() []Kind { return []Kind{File, Dir, Link, Special, Absent} }

// save writes the last scan beside the one before and puts it in its place.
func (t *Tracker) save(m *manifest) error { return t.saveAs(scanFile, m) }

func (t *Tracker) saveAs(name string, m *manifest) error {
	s := savedScan{Version: scanVersion, Dir: t.dir, Git: m.git, Dirs: make(map[string][]savedEntry, len(m.dirs))}
	kinds := savedKinds()
	for dir, list := range m.dirs {
		kept := make([]savedEntry, len(list))
		for i := range list {
			e := &list[i]
			p := e.stamp
			kept[i] = savedEntry{
				Name: e.name, Note: e.note, Size: p.size, Mtime: p.mtime, Ctime: p.ctime, Ino: p.ino, Dev: p.dev,
				UID: p.uid, GID: p.gid, Mode: e.mode, Holding: uint32(e.held), Kind: slices.Index(kinds, e.kind),
				Racy: e.racy, Ignored: e.ignored, Hash: e.hash,
			}
		}
		s.Dirs[dir] = kept
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
		err = os.Rename(temp, filepath.Join(t.state, name))
	}
	if err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("keep the scan: %w", err)
	}
	return nil
}

// load returns what save wrote, or an empty scan. It has only what saves reading
// a file: one whose content is known and surely the same.
func (t *Tracker) load() *manifest {
	m, err := t.loadFrom(scanFile)
	if err != nil {
		return &manifest{dirs: map[string][]entry{}}
	}
	for dir, list := range m.dirs {
		m.dirs[dir] = slices.DeleteFunc(list, func(e entry) bool { return e.held == heldNowhere || e.racy })
	}
	return m
}

// loadFrom returns what saveAs wrote. One of another version or workspace is an
// error that wraps errLost.
func (t *Tracker) loadFrom(name string) (*manifest, error) {
	f, err := os.Open(filepath.Join(t.state, name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var s savedScan
	if err := gob.NewDecoder(bufio.NewReader(f)).Decode(&s); err != nil || s.Version != scanVersion || s.Dir != t.dir {
		return nil, fmt.Errorf("read the scan %s: %w", name, errLost)
	}
	m := &manifest{git: s.Git, dirs: make(map[string][]entry, len(s.Dirs))}
	kinds := savedKinds()
	for dir, list := range s.Dirs {
		entries := make([]entry, len(list))
		for i, k := range list {
			if k.Kind < 0 || k.Kind >= len(kinds) {
				return nil, fmt.Errorf("read the scan %s: %w", name, errLost)
			}
			entries[i] = entry{
				name: k.Name, kind: kinds[k.Kind], note: k.Note, mode: k.Mode, held: holding(k.Holding), racy: k.Racy, ignored: k.Ignored, hash: k.Hash,
				stamp: stamp{size: k.Size, mtime: k.Mtime, ctime: k.Ctime, ino: k.Ino, dev: k.Dev, uid: k.UID, gid: k.GID},
			}
		}
		m.dirs[dir] = entries
	}
	return m, nil
}
