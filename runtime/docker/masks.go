package docker

import (
	"io"
	"path"
	"path/filepath"
	"time"

	"github.com/docker/docker/api/types/mount"

	"github.com/pygent/pygent/runtime/gitguard"
	"github.com/pygent/pygent/runtime/specials"
)

// findMasked looks for sockets, FIFOs and devices in the workspace. It finds
// none where files are copied, because a transfer never includes them.
func findMasked(p plan, dir string) *specials.Guard {
	if p.noMount != "" {
		return nil
	}
	g := specials.Search([]string{dir}, nil)
	g.Watch()
	return g
}

// masks returns mounts of the null device, which every daemon's machine has,
// over the files that were found.
func masks(g *specials.Guard, dir string) (all []mount.Mount) {
	if g == nil {
		return nil
	}
	for _, part := range g.Parts {
		if rel, err := filepath.Rel(dir, part.Path); err == nil && filepath.IsLocal(rel) {
			all = append(all, bind("/dev/null", path.Join(workDir, filepath.ToSlash(rel)), true))
		}
	}
	return all
}

// exposed reports whether programs on the host serve sockets, or have FIFOs
// open, that the container does not mask, and no other command uses the
// container, so that it can be replaced at once.
func (e *Executor) exposed(s *sandbox) bool {
	return e.alone(s) && (len(s.masked.Fresh()) > 0 || s.masked.Opened())
}

func (e *Executor) alone(s *sandbox) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return s.users == 1
}

// tellExposed writes a notice about such sockets and FIFOs after a command
// during which they can have appeared.
func (e *Executor) tellExposed(s *sandbox, began time.Time, out io.Writer) {
	if e.alone(s) && time.Since(began) < specials.LookAgain {
		return
	}
	if fresh := s.masked.Fresh(); len(fresh) > 0 {
		gitguard.Tell(out, []string{specials.Reachable(e.ws.Dir(), fresh)})
	}
}

// tellMasked writes a notice about what the container masks.
func (s *sandbox) tellMasked(out io.Writer) {
	if s.masked != nil {
		gitguard.Tell(out, s.masked.Notices)
	}
}
