package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pygent/pygent/runtime"
)

// watch waits for the command. It returns when the stream has ended (nil), the
// command has exited but its stream has not ended in time (nil), ctx has ended
// (the cause), or the container is gone or paused.
//
//	starting ──start──▶ running ──exit──▶ sweeping ──swept──▶ draining ──eof──▶
func (c *command) watch(ctx context.Context) error {
	look := time.NewTicker(stateInterval)
	defer look.Stop()
	var timeout <-chan time.Time
	done := ctx.Done()
	for {
		select {
		case r := <-c.demux.reports:
			c.note(r)
			switch {
			case c.exited && c.swept:
				timeout = time.After(drainPatience)
			case c.exited:
				timeout = time.After(sweepPatience)
			case ctx.Err() != nil:
				return context.Cause(ctx)
			}
		case <-c.eof:
			c.noteAll()
			if ctx.Err() != nil && !c.exited {
				return context.Cause(ctx)
			}
			return nil
		case <-done:
			done = nil
			switch {
			case c.exited: // by itself, before
			case c.session != "":
				return context.Cause(ctx)
			default: // wait for the start
				timeout = time.After(startPatience)
			}
		case <-timeout:
			if !c.exited {
				return context.Cause(ctx)
			}
			return nil
		case <-look.C:
			if err := c.s.look(ctx); err != nil {
				return err
			}
		case <-c.s.gone:
			return errGone
		}
	}
}

func (c *command) note(r report) {
	switch r.kind {
	case reportNoDir:
		c.noDir = true
	case reportStart:
		c.session, c.oomAtStart = r.pid, r.oomKills
	case reportExit:
		c.exited, c.code = true, r.code
	case reportSwept:
		c.swept, c.unknown, c.oomAtEnd = true, r.unknown, r.oomKills
	}
}

// noteAll reads the reports that came before the end of the stream.
func (c *command) noteAll() {
	c.ended = true
	for {
		select {
		case r := <-c.demux.reports:
			c.note(r)
		default:
			return
		}
	}
}

// learnEnd asks the daemon for the exit code of a wrapper that was killed
// before it could report it. A stream also ends when the daemon dies; then
// there is no code, which is an error. If watch failed, learnEnd does nothing.
func (c *command) learnEnd(watched error) error {
	switch {
	case watched != nil || c.exited:
		return nil
	case c.noDir:
		return fmt.Errorf("the command's directory went away: %w", runtime.ErrNotFound)
	case c.session == "":
		return fmt.Errorf("%w: the command did not start in container %.12s: %s", runtime.ErrUnavailable, c.s.id, strings.TrimSpace(c.demux.held.String()))
	}
	ctx, cancel := context.WithTimeout(context.Background(), inspectTimeout)
	defer cancel()
	info, err := c.s.client.api.ContainerExecInspect(ctx, c.execID)
	switch {
	case err != nil:
		return lost(c.s, c.s.whyNot(ctx, err))
	case info.Running:
		return lost(c.s, fmt.Errorf("the stream broke off"))
	}
	c.code = info.ExitCode
	return nil
}

// checkCode checks a code that came from the daemon after the container has refused
// a kill: if the container has ended, the code may be that of the container and
// not of the command. The daemon reports an ended container as running for a
// while, so the code is accepted at once only if the kill was just too slow.
func (c *command) checkCode(failure error) error {
	ctx, cancel := context.WithTimeout(context.Background(), inspectTimeout)
	defer cancel()
	slow := errors.Is(failure, context.DeadlineExceeded)
	for ctx.Err() == nil {
		err := c.s.state(ctx)
		switch {
		case isLoss(err):
			return lost(c.s, err)
		case err != nil:
			return lost(c.s, failure)
		case slow:
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(statePoll):
		}
	}
	return lost(c.s, failure)
}

// settle makes sure that no process of the command is left. It trusts the
// wrapper's report "swept" only when the stream has ended too, because the
// command can have written that report itself, while the wrapper holds the
// stream. dirty reports whether a process of unknown owner may be left; an
// error means that the container must be removed.
func (c *command) settle(watched error) (dirty bool, err error) {
	if isLoss(watched) {
		return false, watched
	}
	if watched != nil && c.session == "" && !c.ended {
		return false, fmt.Errorf("a cancelled command did not start in time")
	}
	if c.ended && c.swept && !c.unknown {
		return false, nil
	}
	if c.s.gate.shutIfAlone() {
		defer c.s.gate.open()
		patience := killPatience
		if watched != nil {
			patience = killPatienceUrgent
		}
		r, err := c.s.sweepAll(patience)
		c.noteSweep(r, err)
		return false, err
	}
	if c.ended && c.swept {
		return true, nil
	}
	r, err := c.s.sweepCommand(c.id, c.session)
	c.noteSweep(r, err)
	return r.unknown, err
}

func (c *command) noteSweep(r report, err error) {
	if err == nil && c.oomAtEnd < 0 {
		c.oomAtEnd = r.oomKills
	}
}

// stop reads the remaining output, then ends the stream. Reports can arrive
// before output, and out can be slow: while patient returns true, stop ends
// early only when no output arrives, because the daemon can delay the end of
// the stream. out is not called any more after stop has returned.
func (c *command) stop(patient func() bool) {
	c.demux.moving()
	for waiting := true; waiting; {
		select {
		case <-c.eof:
			waiting = false
		case <-time.After(drainPatience):
			waiting = c.demux.moving() && patient()
		}
	}
	c.demux.stopBy(time.Now())
	c.conn.Close()
	<-c.eof
}
