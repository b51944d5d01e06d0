package tasks

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/protect"
	"github.com/pygent/pygent/tools"
)

// maxProposed bounds the entries of a directory that a proposal to collect it
// lists; a larger directory is one entry.
const maxProposed = 200

// proposeCollect shows what collect_file would change, file by file.
func (m *Manager) proposeCollect(_ context.Context, env tools.Env, in collectIn) (tools.Proposal, error) {
	if env.TaskID != "" {
		return tools.Proposal{}, ErrNested
	}
	rt, err := m.runtimeOf(in.TaskID)
	if err != nil {
		return tools.Proposal{}, err
	}
	p := CollectParams{TaskID: in.TaskID, Path: in.Path, Dest: in.Dest}
	from, to := rt.Workspace(), env.Runtime.Workspace()
	files, whole, err := collected(from, to, p)
	if err != nil {
		return tools.Proposal{}, err
	}
	proposal := tools.Proposal{Effect: tools.EffectEdit, Title: fmt.Sprintf("Collect %s from task %s", p.Path, p.TaskID)}
	proposal.Protected = map[string]string{}
	for _, f := range files {
		proposal.Paths = append(proposal.Paths, f.to)
		if f.protected != "" {
			proposal.Protected[f.to] = f.protected
		}
	}
	proposal.Patches = func(context.Context) ([]tools.Patch, error) {
		if !whole {
			return []tools.Patch{{Path: files[0].to, Patch: fmt.Sprintf("a directory with more than %d entries\n", maxProposed)}}, nil
		}
		var list []tools.Patch
		for _, f := range files {
			patch, err := f.patch(from, to)
			if err != nil {
				return nil, err
			}
			list = append(list, patch)
		}
		return list, nil
	}
	return proposal, nil
}

// transfer is one file or link that a collect copies.
type transfer struct {
	from, to  string
	link      bool
	protected string // why it is protected, "" when it is not
}

func (f transfer) patch(from, to *runtime.Workspace) (tools.Patch, error) {
	if f.link {
		return tools.Patch{Path: f.to, Patch: "a link\n"}, nil
	}
	content, err := from.ReadFile(f.from, runtime.MaxFileBytes)
	if err != nil {
		return tools.Patch{}, err
	}
	return tools.FilePatch(to, f.to, content)
}

// collecting lists what a collect copies.
type collecting struct {
	ws        *runtime.Workspace
	src, dest string // as the call names them
	real      struct{ src, dest string }
	gate      *runtime.CopyGate
	named     bool // src itself is protected, and so is everything below
	seen      int
	files     []transfer
}

// collected lists what a collect copies. Protected paths are in it only when they
// are named themselves. A directory with too many entries is one entry, and whole
// is false.
func collected(ws, into *runtime.Workspace, p CollectParams) (files []transfer, whole bool, err error) {
	c := collecting{ws: ws, gate: runtime.NewCopyGate(ws, into)}
	if c.src, err = runtime.CleanPath(p.Path); err != nil {
		return nil, false, err
	}
	if c.dest, err = runtime.CleanPath(p.dest()); err != nil {
		return nil, false, err
	}
	from, err := ws.Target(c.src)
	if err != nil {
		return nil, false, err
	}
	to, err := into.Target(c.dest)
	if err != nil {
		return nil, false, err
	}
	c.real.src, c.real.dest = from.Path, to.Path
	v := c.gate.Verdict(from.Path, to.Path)
	if v.Grade == protect.Never {
		return nil, false, fmt.Errorf("%q is not collected: protected: %s", c.src, v.Reason)
	}
	c.named = v.Grade == protect.Ask
	all := []transfer{{from: c.src, to: c.dest, protected: v.Reason}}
	if _, _, err := ws.List(c.src, runtime.ListOptions{Max: 1}); err != nil {
		return all, true, nil //nolint:nilerr // not a directory: reading it gives the error
	}
	switch err := c.walk("."); {
	case errors.Is(err, errTooMany):
		return all, false, nil
	case err != nil:
		return nil, false, err
	}
	return c.files, true, nil
}

func (c *collecting) walk(at string) error {
	entries, more, err := c.ws.List(path.Join(c.src, at), runtime.ListOptions{Max: maxProposed})
	if err != nil {
		return err
	}
	if c.seen += len(entries); more || c.seen > maxProposed {
		return errTooMany
	}
	for _, e := range entries {
		below := path.Join(at, e.Name)
		f := transfer{from: path.Join(c.src, below), to: path.Join(c.dest, below), link: e.Type == runtime.TypeLink}
		v := c.gate.Verdict(path.Join(c.real.src, below), path.Join(c.real.dest, below))
		f.protected = v.Reason
		switch {
		case v.Grade == protect.Never, v.Grade == protect.Ask && !c.named:
		case e.Type == runtime.TypeDir:
			if err := c.walk(below); err != nil {
				return err
			}
		case f.link || e.Type == runtime.TypeFile:
			c.files = append(c.files, f)
		}
	}
	return nil
}

var errTooMany = errors.New("too many entries")
