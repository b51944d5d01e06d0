package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/pygent/pygent/runtime/instance"
)

// SweepTemp removes from the tree at the host directory dir the temporary files
// and directories that a dead process left, by its tag (see instance.Identity).
// It leaves those of other processes and follows no links. A directory that is
// gone or cannot be read counts as empty.
func SweepTemp(ctx context.Context, dir, tag string) (removed int, err error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("sweep %q: %w", dir, err)
	}
	defer root.Close()
	var failures []error
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil || !isTemp(base) || !strings.HasPrefix(base, tempPrefix+tag):
			return nil
		}
		if err := instance.RemoveIn(root, name); err != nil {
			failures = append(failures, err)
		} else {
			removed++
		}
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	return removed, errors.Join(append(failures, err)...)
}
