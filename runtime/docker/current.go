package docker

import (
	"context"
	"errors"
	"io"
	"slices"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime/gitguard"
)

// This file holds how an executor gets its one container, shares it between
// commands, and discards it.

// maxUnremoved bounds the containers whose removal failed and is tried again by
// Close. The Reap of a later server removes further ones.
const maxUnremoved = 32

// waitForGit is what a command's output says while the command waits.
const waitForGit = "waiting: the files that git on the host would run have changed; they are guarded anew once the commands and jobs that run here have ended; stop those to go on"

var errGitChanged = errors.New(".git, or the sockets that programs on the host serve in the workspace, have changed since the container was made")

// replace discards a container whose guard of .git is outdated, once its
// commands have ended: a running command could put links where the next
// container's mounts will be. It releases s, and says in out if it waits.
func (e *Executor) replace(ctx context.Context, s *sandbox, out io.Writer) error {
	e.release(s)
	for told := false; ; told = true {
		e.mu.Lock()
		if s.users == 0 {
			if e.current == s {
				e.current = nil // under the same lock: no command starts to use it
			}
			e.mu.Unlock()
			e.discard(s, errGitChanged)
			return nil
		}
		if s.idle == nil {
			s.idle = make(chan struct{})
		}
		idle := s.idle
		e.mu.Unlock()
		if !told {
			gitguard.Tell(out, []string{waitForGit})
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// afterwards undoes and reports what a command did to repositories. A
// repository that the command made becomes part of the workspace if no other
// command can change it; then the container is discarded, because it does not
// guard that repository.
func (e *Executor) afterwards(s *sandbox, out io.Writer) {
	notices := e.watch.Leave()
	made := s.git.HasNew()
	e.mu.Lock()
	last := s.users == 1
	if made && last && e.current == s {
		e.current = nil // no command starts to use it
	}
	e.mu.Unlock()
	switch {
	case made && last:
		notices = append(notices, s.git.Publish()...)
		e.discard(s, errGitChanged)
	case made:
		notices = append(notices, gitguard.NotPublishedYet)
	}
	for _, n := range notices {
		s.log.Warn("a command made what programs on the host would run", zap.String("notice", n))
	}
	gitguard.Tell(out, notices)
}

// hide hides the commands' staged .git from the host while no command runs. The
// caller holds the executor's mu.
func (s *sandbox) hide() {
	select {
	case <-s.ready:
		if s.users == 0 && s.err == nil {
			s.git.Hide()
		}
	default: // the goroutine that starts it hides it
	}
}

// release ends the use that acquire began.
func (e *Executor) release(s *sandbox) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s.users--
	s.hide()
	if s.users == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// acquire returns a ready container, which the caller releases, and whether it
// was started for this call. The end of ctx does not cancel the start, because
// others wait for it too.
func (e *Executor) acquire(ctx context.Context) (s *sandbox, fresh bool, err error) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil, false, errClosed
	}
	if e.current == nil {
		fresh = true
		s := newSandbox(e.opts)
		e.current = s
		e.work.Go(func() {
			opts := e.opts
			var err error
			if opts.netDir, err = e.network.provide(opts.Network); err != nil {
				s.err = err
				close(s.ready)
			} else {
				s.start(e.life, opts, e.ws)
				e.mu.Lock()
				s.hide() // the waiting callers may have given up
				e.mu.Unlock()
			}
			if s.err != nil {
				e.forget(s)
				if s.unremoved {
					e.keep(s)
				}
			}
		})
	}
	s = e.current
	s.users++
	e.mu.Unlock()
	select {
	case <-s.ready:
		err = s.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		e.release(s)
		return nil, false, err
	}
	return s, fresh, nil
}

func (e *Executor) forget(s *sandbox) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current == s {
		e.current = nil
	}
}

// discard removes a container with all its processes. The next command starts a
// new one.
func (e *Executor) discard(s *sandbox, why error) {
	e.forget(s)
	s.log.Warn("container given up", zap.NamedError("why", why))
	if err := s.remove(); err != nil {
		s.log.Error("container not removed", zap.Error(err))
		e.keep(s)
	}
}

// keep records a container for Close to remove.
func (e *Executor) keep(s *sandbox) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(e.left, s) && len(e.left) < maxUnremoved {
		e.left = append(e.left, s)
	}
}
