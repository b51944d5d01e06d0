package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Beside returns the path of a further file of the session, which is deleted with
// it.
func (j *Journal) Beside(name string) string { return filepath.Join(filepath.Dir(j.file.Name()), name) }

// Beside returns the path of the file with this name in each session. The files
// need not exist.
func (s *Store) Beside(name string) ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	var all []string
	for _, e := range entries {
		if e.IsDir() && validID.MatchString(e.Name()) {
			all = append(all, filepath.Join(s.dir, e.Name(), name))
		}
	}
	return all, nil
}
