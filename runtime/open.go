package runtime

import "os"

// OpenRoot opens the workspace for a search of its own. The caller closes it.
func (w *Workspace) OpenRoot() (*os.Root, error) {
	root, err := w.root.OpenRoot(".")
	if err != nil {
		return nil, w.wrap("open", ".", err)
	}
	return root, nil
}

// Resolve returns the workspace-relative path of a file or directory with every
// link followed; for "", the workspace itself, it returns ".". A missing file is
// an error that wraps ErrNotFound, a path that leads out one that wraps ErrOutside.
func (w *Workspace) Resolve(name string) (string, error) {
	clean, err := cleanDir(name)
	if err != nil {
		return "", err
	}
	real, err := w.resolve(clean)
	if err != nil {
		return "", err
	}
	if _, err := w.root.Lstat(real); err != nil {
		return "", w.wrap("open", clean, err)
	}
	return real, nil
}

// IsTemp reports whether a name is that of a temporary file of a running write or
// copy, which is no part of the workspace.
func IsTemp(name string) bool { return isTemp(name) }
