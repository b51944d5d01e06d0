package docker

import (
	"context"
	"errors"
	"io"
	"slices"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime/gitguard"
)

// This file is how an executor comes to its one container at a time, shares it
// between commands, and gives it up.

// maxUnremoved bounds the containers whose removal failed and is tried again by
// Close. A server's Reap finds further ones.
const maxUnremoved = 32

// waitForGit is what a command's output says while the command waits.
const waitForGit = "waiting: what git on the host would run has changed, and is guarded anew once the commands and jobs that run here have ended; stop them to go on"

var errGitChanged = errors.New(".git is not any more what it was when the container was made")

// replace gives up a container whose guard of .git does not hold any more, once
// its commands have ended: while one runs, it could put links where the next
// container's mounts are about to be. It releases s, and says in out if it waits.
func (e *Executor) replace(ctx context.Context, s *sandbox, out io.Writer) error {
	e.release(s)
	for told := false; ; told = true {
		e.mu.Lock()
		if s.users == 0 {
			if e.current == s {
				e.current = nil // with the same lock: nobody comes to use it
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

// disarm tells what a command made that git on the host must not find.
func (s *sandbox) disarm(out io.Writer) {
	notices, _ := s.git.Disarm()
	for _, n := range notices {
		s.log.Warn("a command made what git on the host would run", zap.String("notice", n))
	}
	gitguard.Tell(out, notices)
}

// release ends the use that acquire began.
func (e *Executor) release(s *sandbox) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s.users--
	if s.users == 0 && s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// acquire returns a container that is ready, for the caller to release, and
// whether it was started for this call. The start belongs to the executor, not to ctx: others wait too.
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

// discard gives a container up, and every process in it. The next command
// starts a new one.
func (e *Executor) discard(s *sandbox, why error) {
	e.forget(s)
	s.log.Warn("container given up", zap.NamedError("why", why))
	if err := s.remove(); err != nil {
		s.log.Error("container not removed", zap.Error(err))
		e.keep(s)
	}
}

// keep remembers a container for Close to remove.
func (e *Executor) keep(s *sandbox) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(e.left, s) && len(e.left) < maxUnremoved {
		e.left = append(e.left, s)
	}
}
