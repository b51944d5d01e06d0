package tasks

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools"
)

// maxProposed is how many entries of a directory a proposal to collect it shows;
// a larger one is shown as a whole.
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
	files, whole, err := collected(from, p)
	if err != nil {
		return tools.Proposal{}, err
	}
	proposal := tools.Proposal{Effect: tools.EffectEdit, Title: fmt.Sprintf("Collect %s from task %s", p.Path, p.TaskID)}
	for _, f := range files {
		proposal.Paths = append(proposal.Paths, f.to)
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

// transfer is one file or link to be collected.
type transfer struct {
	from, to string
	link     bool
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

// collected lists what a collect would copy. A directory with too many entries
// is listed as one, and whole is false.
func collected(ws *runtime.Workspace, p CollectParams) (files []transfer, whole bool, err error) {
	src, err := runtime.CleanPath(p.Path)
	if err != nil {
		return nil, false, err
	}
	dest, err := runtime.CleanPath(p.dest())
	if err != nil {
		return nil, false, err
	}
	if _, _, err := ws.List(src, runtime.ListOptions{Max: 1}); err != nil {
		return []transfer{{from: src, to: dest}}, true, nil //nolint:nilerr // it is no directory: reading it tells what is wrong
	}
	seen := 0
	var walk func(at string) error
	walk = func(at string) error {
		entries, more, err := ws.List(path.Join(src, at), runtime.ListOptions{Max: maxProposed})
		if err != nil {
			return err
		}
		if seen += len(entries); more || seen > maxProposed {
			return errTooMany
		}
		for _, e := range entries {
			f := transfer{from: path.Join(src, at, e.Name), to: path.Join(dest, at, e.Name), link: e.Type == runtime.TypeLink}
			switch {
			case protected(f.from) != "" || protected(f.to) != "":
			case e.Type == runtime.TypeDir:
				err = walk(path.Join(at, e.Name))
			case f.link || e.Type == runtime.TypeFile:
				files = append(files, f)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	switch err := walk("."); {
	case errors.Is(err, errTooMany):
		return []transfer{{from: src, to: dest}}, false, nil
	case err != nil:
		return nil, false, err
	}
	return files, true, nil
}

var errTooMany = errors.New("too many entries")
