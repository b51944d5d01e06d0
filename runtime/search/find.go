package search

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/pygent/pygent/runtime"
)

// DefaultFind is how many paths Find returns.
const DefaultFind = 50

// Found is a path that Find found.
type Found struct {
	Path string
	Kind string // runtime.TypeFile, TypeDir or TypeLink
}

// Find finds files, directories and links whose paths have the letters of a query in
// their order; each word of the query must fit. It leaves out what git ignores. The best
// come first: those where the name itself has the letters, then those where the letters
// follow each other and begin words. Letter case counts if the query has an upper-case
// letter. An empty query fits all paths.
//
// complete means that all paths that fit are returned; limit, a bound or an unreadable
// directory can prevent that. limit 0 means DefaultFind.
//
// Errors are a *runtime.InvalidError or ctx's.
func Find(ctx context.Context, ws *runtime.Workspace, query string, limit int) (found []Found, complete bool, err error) {
	switch {
	case limit < 0 || limit > maxFind:
		return nil, false, &runtime.InvalidError{Field: "limit", Reason: fmt.Sprintf("%d: give a number from 1 to %d", limit, maxFind)}
	case len(query) > maxQuery:
		return nil, false, &runtime.InvalidError{Field: "query", Reason: fmt.Sprintf("is longer than %d bytes", maxQuery)}
	}
	limited, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	w, err := newWalk(limited, ws)
	if err != nil {
		return nil, false, err
	}
	defer w.close()
	w.dirs = true
	at, err := w.place(ws, ".", false)
	if err != nil {
		return nil, false, err
	}
	each := newTops(cmp.Or(limit, DefaultFind), better)
	judges := make([]judge, workers())
	for i := range judges {
		judges[i] = newJudge(query)
	}
	w.visit = func(n int, at *place, _ folder, e entry) {
		name := at.child(e.name)
		if !utf8.ValidString(name) {
			return // JSON cannot name it
		}
		if c, ok := judges[n].rate(name); ok {
			c.kind = e.kind
			each[n].add(c)
		}
	}
	w.run(at)
	if ctx.Err() != nil {
		return nil, false, context.Cause(ctx)
	}
	first, more := each.merge()
	missed := w.result()
	found = make([]Found, len(first))
	for i, c := range first {
		found[i] = Found{c.path, map[kind]string{file: runtime.TypeFile, dir: runtime.TypeDir, link: runtime.TypeLink}[c.kind]}
	}
	return found, more == 0 && len(missed.Problems) == 0 && !missed.TimedOut, nil
}

// candidate is a path that fits.
type candidate struct {
	path   string
	kind   kind
	inName bool // the name alone has the letters
	score  int
}

// better orders candidates, the best first.
func better(a, b candidate) int {
	return cmp.Or(
		-compareBool(a.inName, b.inName),
		cmp.Compare(b.score, a.score),
		compareBool(a.kind == dir, b.kind == dir),
		cmp.Compare(len(a.path), len(b.path)),
		strings.Compare(a.path, b.path),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// rate reports whether a path fits, and how well.
func (j *judge) rate(name string) (c candidate, ok bool) {
	c = candidate{path: name, inName: true}
	if len(j.words) == 0 {
		c.score = -strings.Count(name, "/")
		return c, true
	}
	base := path.Base(name)
	for _, w := range j.words {
		score, ok := j.score(w, base)
		if !ok {
			c.inName = false
			if score, ok = j.score(w, name); !ok {
				return c, false
			}
		}
		c.score += score
	}
	return c, true
}
