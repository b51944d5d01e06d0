package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// childrenName is a directory in a session's directory. It has an empty file for
// each session that this one delegated, so that they are found without reading
// all sessions.
const childrenName = "delegated"

// addChild notes a child with its parent. The child of a parent that is not kept
// is not noted.
func addChild(base *os.Root, parent, id string) error {
	dir, err := openDir(base, parent)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Mkdir(childrenName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("note delegated session %s: %w", id, err)
	}
	f, err := dir.OpenFile(childrenName+"/"+id, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("note delegated session %s: %w", id, err)
	}
	return f.Close()
}

// removeChild removes the note of a child. A note that stays does no harm.
func removeChild(base *os.Root, parent, id string) {
	if validID.MatchString(parent) {
		_ = base.Remove(parent + "/" + childrenName + "/" + id)
	}
}

// Children lists the ids of the sessions that a session delegated, in no order.
// Some may not exist any more.
func (s *Store) Children(id string) ([]string, error) {
	dir, err := s.session(id)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return children(dir)
}

func children(dir *os.Root) ([]string, error) {
	names, err := fs.ReadDir(dir.FS(), childrenName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list delegated sessions: %w", err)
	}
	var ids []string
	for _, d := range names {
		if d.Type().IsRegular() && validID.MatchString(d.Name()) {
			ids = append(ids, d.Name())
		}
	}
	return ids, nil
}
