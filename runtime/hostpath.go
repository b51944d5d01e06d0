package runtime

import "path/filepath"

// PathOf is the workspace-relative path of a host path, "." for the workspace
// itself. A host path that leads to the workspace through links is understood
// too. What is there is not looked at: a path that goes through a link inside the
// workspace is refused when it is opened, if that leads out.
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
