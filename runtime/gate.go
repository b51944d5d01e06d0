package runtime

import (
	"os"
	"slices"

	"github.com/pygent/pygent/runtime/protect"
)

// Target returns the verdict on a write to a path. The Verdict's Path has every
// link followed, that of the last element too. Target does not look whether the
// file exists.
func (w *Workspace) Target(name string) (protect.Verdict, error) {
	clean, err := CleanPath(name)
	if err != nil {
		return protect.Verdict{}, err
	}
	real, err := w.resolve(clean)
	if err != nil {
		return protect.Verdict{}, err
	}
	return protect.Of(w.root, real), nil
}

// gate checks a write after its links were followed. allowed are the paths that
// the user has allowed.
func (w *Workspace) gate(op, clean, real string, allowed []string) error {
	v := protect.Of(w.root, real)
	if passes(v, allowed) {
		return nil
	}
	text := op + " " + quote(clean)
	if real != clean {
		text += ", which leads to " + quote(real)
	}
	text += ": protected: " + v.Reason
	if v.Grade == protect.Ask {
		text += "; only the user can allow that"
	}
	return &fileError{text, ErrProtected}
}

func passes(v protect.Verdict, allowed []string) bool {
	switch v.Grade {
	case protect.Free:
		return true
	case protect.Ask:
		return slices.ContainsFunc(allowed, func(dir string) bool { return within(dir, v.Path) })
	case protect.Never:
	}
	return false
}

// CopyGate judges the files of one copy, which become visible together. It is
// for one goroutine.
type CopyGate struct{ from, to *protect.Judge }

// NewCopyGate returns the gate that CopyTo uses.
func NewCopyGate(src, dst *Workspace) *CopyGate {
	return &CopyGate{protect.New(src.root), protect.New(dst.root)}
}

// Verdict judges one file, link or directory. Both paths have their links
// followed; the Verdict's Path is to. A file that is protected at its source
// stays protected under another name.
func (g *CopyGate) Verdict(from, to string) protect.Verdict {
	f, t := g.from.Of(from), g.to.Of(to)
	if f.Grade == protect.Never || t.Grade == protect.Free {
		return protect.Verdict{Grade: f.Grade, Path: to, Reason: f.Reason}
	}
	return t
}

// admits returns why a path may not be copied, "" when it may. A directory may
// be made for an allowed file in it.
func (g *CopyGate) admits(from, to string, isDir bool, allowed []string) (why string) {
	v := g.Verdict(from, to)
	leads := func(file string) bool { return within(v.Path, file) }
	if !passes(v, allowed) && (v.Grade == protect.Never || !isDir || !slices.ContainsFunc(allowed, leads)) {
		return "protected: " + v.Reason
	}
	g.to.Plan(to)
	return ""
}

// SameFile reports whether two paths, whose links have been followed, are one
// file: on some file systems names that differ by letter case only are.
func (w *Workspace) SameFile(a, b string) bool {
	if a == b {
		return true
	}
	x, err := w.root.Lstat(a)
	if err != nil {
		return false
	}
	y, err := w.root.Lstat(b)
	return err == nil && os.SameFile(x, y)
}
