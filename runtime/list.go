package runtime

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
)

// Types of an Entry.
const (
	TypeFile   = "file"
	TypeDir    = "dir"
	TypeLink   = "link"
	TypeFIFO   = "fifo"
	TypeSocket = "socket"
	TypeDevice = "device"
	TypeOther  = "other"
)

// Entry is one name in a directory.
type Entry struct {
	Name string `json:"name"`
	Type string `json:"type" jsonschema:"file, dir, link, fifo, socket, device or other"`
	Size int64  `json:"size,omitempty" jsonschema:"bytes of a file"`
}

// ListOptions are the options of List. The zero value is fine.
type ListOptions struct {
	Max int // entries; 0: MaxListEntries
}

// List returns what a directory holds, in the order of names; "" is the
// workspace itself. Links in the path are followed inside the workspace; links
// in the directory are listed as links. Temporary files of a write or copy that
// is running are left out.
//
// For a directory with more than Max entries List returns the first by name,
// and truncated is true. It reads at most a million entries.
//
// Errors wrap ErrNotFound or ErrOutside, or are an *InvalidError (not a directory).
func (w *Workspace) List(name string, opts ListOptions) (entries []Entry, truncated bool, err error) {
	dir, err := w.OpenDir(name)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = dir.Close() }()
	limit := opts.Max
	if limit <= 0 {
		limit = MaxListEntries
	}
	found, truncated, err := firstEntries(dir, limit)
	if err != nil {
		return nil, false, w.wrap("list", name, err)
	}
	clean, err := cleanDir(name)
	if err != nil {
		return nil, false, err
	}
	at, err := w.root.OpenRoot(clean)
	if err != nil {
		return nil, false, w.wrap("list", name, err)
	}
	defer func() { _ = at.Close() }()
	entries = make([]Entry, 0, len(found))
	for _, e := range found {
		info, err := at.Lstat(e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, false, w.wrap("list", name, err)
		}
		entries = append(entries, newEntry(info))
	}
	return entries, truncated, nil
}

// firstEntries reads a directory and keeps the first names in their order, in
// memory bounded by limit.
func firstEntries(dir *os.File, limit int) (kept []fs.DirEntry, truncated bool, err error) {
	byName := func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) }
	cut := func() {
		slices.SortFunc(kept, byName)
		if len(kept) > limit {
			clear(kept[limit:])
			kept, truncated = kept[:limit], true
		}
	}
	for seen := 0; seen < maxListed; {
		some, err := dir.ReadDir(1024)
		seen += len(some)
		for _, e := range some {
			if !isTemp(e.Name()) {
				kept = append(kept, e)
			}
		}
		if errors.Is(err, io.EOF) {
			cut()
			return kept, truncated, nil
		}
		if err != nil {
			return nil, false, err
		}
		if len(kept) >= 2*limit+1024 {
			cut()
		}
	}
	cut()
	return kept, true, nil
}

func newEntry(info fs.FileInfo) Entry {
	e := Entry{Name: info.Name(), Type: TypeOther}
	switch mode := info.Mode(); {
	case mode.IsRegular():
		e.Type, e.Size = TypeFile, info.Size()
	case mode.IsDir():
		e.Type = TypeDir
	case mode&fs.ModeSymlink != 0:
		e.Type = TypeLink
	case mode&fs.ModeNamedPipe != 0:
		e.Type = TypeFIFO
	case mode&fs.ModeSocket != 0:
		e.Type = TypeSocket
	case mode&fs.ModeDevice != 0:
		e.Type = TypeDevice
	}
	return e
}
