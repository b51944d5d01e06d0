package runtime

import "path/filepath"

// PathOf returns the workspace-relative path of a host path, "." for the
// workspace itself. The host path may lead to the workspace through links.
// PathOf does not look at the file: a path through a link inside the workspace
// that leads out is refused when it is opened.
//
// An error wraps ErrOutside, or is an *InvalidError for a name that no path of a
// workspace has.
func (w *Workspace) PathOf(host string) (string, error) {
	for _, name := range []string{filepath.Clean(host), RealPath(host)} {
		if rel, err := filepath.Rel(w.dir, name); err == nil && filepath.IsLocal(rel) {
			return CleanPath(filepath.ToSlash(rel))
		}
	}
	return "", outside(host, "is not in the workspace "+quote(w.dir))
}
