package search

import (
	"context"
	"errors"
	"path"
	"strings"
	"sync/atomic"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/gitrepo"
)

// GrepOptions are the options of Grep. Pattern is needed; the zero value of the others
// is fine.
type GrepOptions struct {
	Pattern    string // RE2, matched line by line; taken literally where it is none
	Path       string // a file or directory; "" for the workspace
	Glob       string // see pattern; without a slash it fits names, else paths from the workspace or from Path
	IgnoreCase bool
	Context    int // lines before and after a match, MaxContext at most
	FilesOnly  bool
	Limit      int // matches, or with FilesOnly files; 0 means DefaultMatches, more than MaxMatches means that
}

// GrepResult is the result of Grep.
type GrepResult struct {
	Files  []FileMatches // in the order of paths
	More   Rest
	Missed Missed

	NotRE2 error // why the pattern was searched literally, nil where it was not
	Across bool  // the pattern has a line end, so that it matches nothing
}

// Grep finds the lines that match an expression, in all text files that git does not
// ignore. A file that Path names is searched in any case. After Timeout it returns what
// it has.
//
// Errors wrap runtime.ErrNotFound or runtime.ErrOutside, are a *runtime.InvalidError, or
// ctx's.
func Grep(ctx context.Context, ws *runtime.Workspace, opts GrepOptions) (GrepResult, error) {
	g, err := newGrep(opts)
	if err != nil {
		return GrepResult{}, err
	}
	real, err := ws.Resolve(opts.Path)
	if err != nil {
		return GrepResult{}, err
	}
	return g.result(ctx, func(ctx context.Context) (Missed, error) { return g.walk(ctx, ws, real) })
}

// GrepText searches a text instead of a workspace's files; its matches are those of a
// file called name. opts.Path and opts.Glob have no meaning.
func GrepText(ctx context.Context, name string, text Source, opts GrepOptions) (GrepResult, error) {
	opts.Glob = ""
	g, err := newGrep(opts)
	if err != nil {
		return GrepResult{}, err
	}
	g.named = true
	return g.result(ctx, func(context.Context) (Missed, error) {
		var missed missed
		stopped := g.file(g.scanners[0], name, text, &missed)
		m := Missed{Problems: missed.problems}
		if stopped {
			m.Files, m.TimedOut = 1, true
		}
		return m, nil
	})
}

// grep is one search.
type grep struct {
	opts     GrepOptions
	expr     *expression
	only     *pattern
	stop     atomic.Bool
	scanners []*scanner // one for each worker
	found    collector
	named    bool // the path is a file
}

func newGrep(opts GrepOptions) (*grep, error) {
	g := &grep{opts: opts}
	if opts.Context < 0 || opts.Context > MaxContext {
		return nil, &runtime.InvalidError{Field: "context", Reason: "give a number from 0 to 10"}
	}
	if opts.Limit < 0 {
		return nil, &runtime.InvalidError{Field: "limit", Reason: "give a number above 0"}
	}
	var err error
	if g.expr, err = newExpression(opts.Pattern, opts.IgnoreCase); err != nil {
		return nil, refuse("pattern", err)
	}
	if strings.HasPrefix(opts.Glob, "!") {
		return nil, &runtime.InvalidError{Field: "glob", Reason: "leaves nothing out: name the files to search"}
	}
	if opts.Glob != "" {
		if g.only, err = compile(below(opts.Glob)); err != nil {
			return nil, refuse("glob", err)
		}
	}
	g.found.most, g.found.filesOnly, g.found.context = DefaultMatches, opts.FilesOnly, opts.Context
	if opts.Limit > 0 {
		g.found.most = min(opts.Limit, MaxMatches)
	}
	most := g.found.most
	if opts.FilesOnly {
		most = 0
	}
	for range workers() {
		g.scanners = append(g.scanners, &scanner{m: newMatcher(g.expr, &g.stop), stop: &g.stop, context: opts.Context, most: most})
	}
	return g, nil
}

// result runs a search until its end or the end of its time.
func (g *grep) result(ctx context.Context, search func(context.Context) (Missed, error)) (GrepResult, error) {
	limited, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	defer context.AfterFunc(limited, func() { g.stop.Store(true) })()
	missed, err := search(limited)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return GrepResult{}, err
	}
	res := GrepResult{Missed: missed, NotRE2: g.expr.notRE2, Across: g.expr.across}
	res.Files, res.More = g.found.result()
	return res, nil
}

// walk searches the file or directory at a path without links.
func (g *grep) walk(ctx context.Context, ws *runtime.Workspace, real string) (Missed, error) {
	w, err := newWalk(ctx, ws)
	if err != nil {
		return Missed{}, err
	}
	defer w.close()
	w.only = g.only
	w.visit = func(n int, at *place, open folder, e entry) {
		if e.kind == file {
			g.visit(n, w, at, open, e.name)
		}
	}
	at, err := w.place(ws, path.Dir(real), true)
	if err != nil {
		return Missed{}, err
	}
	open, err := w.opener.open(at.path)
	if err != nil {
		return Missed{}, err
	}
	defer open.close()
	name := path.Base(real)
	is, _, err := open.stat(name)
	switch {
	case err != nil:
		return Missed{}, err
	case name == gitrepo.Dir:
		return Missed{}, errRepository
	case is == file:
		g.named = true
		g.visit(0, w, at, open, name)
		return w.result(), nil
	case is != dir:
		return Missed{}, &runtime.InvalidError{Field: "path", Reason: "is neither a file nor a directory"}
	}
	if at, err = w.place(ws, real, true); err != nil {
		return Missed{}, err
	}
	w.run(at)
	return w.result(), nil
}

// visit searches one file.
func (g *grep) visit(n int, w *walk, at *place, open folder, name string) {
	whole := at.child(name)
	src, err := open.open(name)
	if err != nil {
		w.missed.add(whole, err)
		return
	}
	defer func() { _ = src.Close() }()
	if g.file(g.scanners[n], whole, src, &w.missed) {
		w.unvisited.Add(1)
	}
}

// file searches an open file; stopped means not to its end.
func (g *grep) file(s *scanner, name string, src Source, m *missed) (stopped bool) {
	found, err := s.scan(name, src, g.found.keeps(name))
	switch {
	case errors.Is(err, errStopped):
		stopped = true
	case errors.Is(err, errBinary) && !g.named:
	case err != nil:
		m.add(name, err)
	}
	if found != nil {
		g.found.add(found)
	}
	return stopped
}
