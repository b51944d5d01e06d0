//go:build !linux

package gitguard

// makeReadable lets the owner list their directory.
func (w workspace) makeReadable(rel string) error { return makeReadableByNames(w.root, rel) }
