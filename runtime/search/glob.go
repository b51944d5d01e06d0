package search

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/pygent/pygent/runtime"
)

// GlobOptions are the options of Glob.
type GlobOptions struct {
	Pattern string // see pattern
	Path    string // the directory where the pattern begins; "" for the workspace
}

// GlobResult is the result of Glob.
type GlobResult struct {
	Paths  []string // workspace-relative, the last changed first, MaxGlob at most
	More   int      // how many further files fit
	Missed Missed
}

// Glob finds files and links by a doublestar pattern. It leaves out what git ignores,
// unless the pattern or the path names it without a special character. After Timeout it
// returns what it has.
//
// Errors wrap runtime.ErrNotFound or runtime.ErrOutside, are a *runtime.InvalidError, or
// ctx's.
func Glob(ctx context.Context, ws *runtime.Workspace, opts GlobOptions) (GlobResult, error) {
	only, err := compile(opts.Pattern)
	if err != nil {
		return GlobResult{}, refuse("pattern", err)
	}
	dir, err := ws.ResolveDir(opts.Path)
	if err != nil {
		return GlobResult{}, err
	}
	limited, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	w, err := newWalk(limited, ws)
	if err != nil {
		return GlobResult{}, err
	}
	defer w.close()
	w.only = only
	at, err := w.place(ws, dir, false)
	if err != nil {
		return GlobResult{}, err
	}
	each := newTops(MaxGlob, later)
	w.visit = func(n int, at *place, open folder, e entry) {
		_, changed, err := open.stat(e.name)
		if err != nil {
			return // removed since
		}
		mine := &each[n]
		if len(mine.items) == MaxGlob && mine.items[0].at > changed { // spares most paths
			mine.dropped++
			return
		}
		mine.add(changedFile{at.child(e.name), changed})
	}
	w.run(at)
	if ctx.Err() != nil {
		return GlobResult{}, context.Cause(ctx)
	}
	first, more := each.merge()
	res := GlobResult{More: more, Missed: w.result()}
	for _, f := range first {
		res.Paths = append(res.Paths, f.path)
	}
	return res, nil
}

// refuse makes the error for a wrong pattern.
func refuse(field string, err error) error {
	if errors.Is(err, errLeadsOut) {
		return errors.Join(runtime.ErrOutside, &runtime.InvalidError{Field: field, Reason: err.Error()})
	}
	return &runtime.InvalidError{Field: field, Reason: err.Error()}
}

type changedFile struct {
	path string
	at   int64
}

// later orders files: the last changed first, then by path.
func later(a, b changedFile) int {
	return cmp.Or(cmp.Compare(b.at, a.at), strings.Compare(a.path, b.path))
}
