package runtime

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pygent/pygent/runtime/internal/nearest"
)

// Bounds of a search for names that are like a missing one.
const (
	maxAlikeDirs  = 2000
	maxAlikeFiles = 50_000
	maxAlikeName  = 100 // bytes of a name that are compared
)

// Alike returns the paths of up to three files whose paths are most like name, the
// nearest first. It looks at a bounded part of the workspace, without what begins
// with a dot unless name does.
func (w *Workspace) Alike(name string) []string {
	name = strings.ToLower(path.Clean("/" + name)[1:])
	hidden := strings.HasPrefix(path.Base(name), ".") || strings.Contains(name, "/.")
	type found struct {
		path  string
		score int
	}
	var best []found
	q := nearest.Queue[string]{Most: maxAlikeDirs}
	q.Push(".", false)
	for files := 0; files < maxAlikeFiles; {
		dir, more, full := q.Next()
		if !more || full {
			break
		}
		entries, _ := fs.ReadDir(w.root.FS(), dir)
		for _, e := range entries {
			files++
			at := path.Join(dir, e.Name())
			switch {
			case e.Name() == ".git", isTemp(e.Name()), strings.HasPrefix(e.Name(), ".") && !hidden:
			case e.IsDir():
				q.Push(at, nearest.Late(dir, e.Name()))
			default:
				best = append(best, found{at, unlike(name, strings.ToLower(at))})
			}
		}
		slices.SortStableFunc(best, func(a, b found) int { return cmp.Compare(a.score, b.score) })
		best = best[:min(len(best), 3)]
	}
	paths := make([]string, len(best))
	for i, f := range best {
		paths[i] = f.path
	}
	return paths
}

// unlike says how different two paths are: above all by their last names.
func unlike(a, b string) int {
	base := distance(path.Base(a), path.Base(b))
	return 4*base + distance(path.Dir(a), path.Dir(b))
}

// distance is the number of bytes to insert, delete and replace that turns a into
// b (Levenshtein).
func distance(a, b string) int {
	a, b = a[:min(len(a), maxAlikeName)], b[:min(len(b), maxAlikeName)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
