package journal

import "path/filepath"

// Beside is the path of a further file of the session, which goes with it.
func (j *Journal) Beside(name string) string { return filepath.Join(filepath.Dir(j.file.Name()), name) }
