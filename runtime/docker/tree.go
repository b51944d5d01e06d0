package docker

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/pygent/pygent/runtime"
)

// Bounds of a workspace that is copied.
const (
	maxTreeFiles = 50_000
	maxTreeBytes = 1 << 30
)

const (
	followPause  = time.Second            // between two transfers while a command runs
	latePatience = 600 * time.Millisecond // for the files of a cancelled command
	maxTold      = 10                     // paths that a command's output names
)

// tree synchronises a workspace with its copy in a container: send copies
// changes of the workspace to the container, fetch copies the container's
// changes back. Where both have changed, the workspace wins.
type tree struct {
	s        *sandbox
	ws       *runtime.Workspace
	uid, gid int
	guarded  []string // paths that commands must not change, from the guard of .git
	hasGit   bool     // there was a .git when the container was made

	limit budget           // of one transfer
	turn  chan struct{}    // holds a token during a transfer
	known map[string]entry // entries on both sides
	there map[string]entry // entries that may be in the container only
}

// entry is the last known state of a file, directory or link.
type entry struct {
	mode  fs.FileMode // type and permission bits
	size  int64
	mtime time.Time // in the workspace
	stamp stamp     // in the workspace
	sum   [sha256.Size]byte
	link  string
}

// same compares the properties of an entry that both sides have.
func (e entry) same(other entry) bool {
	e.mtime, other.mtime = time.Time{}, time.Time{}
	e.stamp, other.stamp = stamp{}, stamp{}
	return e == other
}

// unchanged reports whether info, without the contents, shows that the
// workspace's entry has not changed since the last transfer.
func (e entry) unchanged(info fs.FileInfo) bool {
	if e.mode != cleanMode(info.Mode()) {
		return false
	}
	return info.IsDir() || e.size == sizeOf(info) && e.mtime.Equal(info.ModTime()) && e.stamp == stampOf(info)
}

// stamp holds properties of a file that, unlike its modification time, no
// program can reset after a change. It is zero where the system has none.
type stamp struct {
	inode uint64
	ctime int64 // nanoseconds
}

func newTree(s *sandbox, o Options, ws *runtime.Workspace) (*tree, error) {
	user, group, _ := strings.Cut(o.User, ":")
	uid, err := strconv.Atoi(user)
	gid := uid
	if err == nil && group != "" {
		gid, err = strconv.Atoi(group)
	}
	if err != nil {
		return nil, &runtime.InvalidError{Field: "user", Reason: fmt.Sprintf("%q must be uid:gid where the workspace is copied", o.User)}
	}
	return &tree{
		s: s, ws: ws, uid: uid, gid: gid, guarded: s.git.ReadOnly(), hasGit: s.git.HasGit(), limit: budget{maxTreeFiles, maxTreeBytes},
		turn: make(chan struct{}, 1), known: make(map[string]entry), there: make(map[string]entry),
	}, nil
}

func (t *tree) lock(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-t.s.gone:
		return errGone
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t *tree) unlock() { <-t.turn }

// isGuarded reports whether name must not change in the workspace.
func (t *tree) isGuarded(name string) bool {
	for _, g := range t.guarded {
		if name == g || strings.HasPrefix(name, g+"/") {
			return true
		}
	}
	return false
}

// begin waits until no transfer runs and opens the workspace for one. The
// caller calls done when it has ended.
func (t *tree) begin(ctx context.Context) (root *os.Root, done func(), err error) {
	if err := t.lock(ctx); err != nil {
		return nil, nil, err
	}
	if root, err = t.open(); err != nil {
		t.unlock()
		return nil, nil, err
	}
	return root, func() {
		_ = root.Close()
		t.unlock()
	}, nil
}

func (t *tree) open() (*os.Root, error) {
	if err := t.ws.Check(); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(t.ws.Dir())
	if err != nil {
		return nil, fmt.Errorf("%w: open the workspace: %w", runtime.ErrUnavailable, err)
	}
	return root, nil
}

// budget counts the files and bytes that a transfer may still copy.
type budget struct {
	files int
	bytes int64
}

func (b *budget) spend(bytes int64) (ok bool) {
	b.files--
	b.bytes -= bytes
	return b.files >= 0 && b.bytes >= 0
}

func (t *tree) tooLarge(at string) error {
	return fmt.Errorf("%w: %w: at %q the workspace exceeds what is copied for a Docker daemon that cannot mount it: %d files, %d bytes; use a smaller workspace or a daemon on this machine",
		runtime.ErrUnavailable, runtime.ErrTooLarge, at, t.limit.files, t.limit.bytes)
}

// run runs one command in a container whose files are copies: it sends the
// workspace before the command and fetches the changes after it. It also
// fetches now and then during a long command.
func (t *tree) run(ctx context.Context, e *Executor, command func() (runtime.Exit, error), out io.Writer) (runtime.Exit, error) {
	if err := t.send(ctx); err != nil {
		return runtime.Exit{}, t.unsent(ctx, e, err)
	}
	var left leftovers
	followed, stop := make(chan struct{}), make(chan struct{})
	e.work.Go(func() {
		defer close(followed)
		t.follow(e.life, stop, left.add)
	})
	exit, err := command()
	close(stop)
	if err != nil {
		t.fetchLate(e, followed)
		return exit, err
	}
	<-followed
	if err := t.fetch(e.life, left.add); err != nil {
		return runtime.Exit{}, fmt.Errorf("%w: the command ended with code %d, but what it changed is not copied back: %w", runtime.ErrUnavailable, exit.Code, err)
	}
	left.tell(out)
	return exit, nil
}

// follow fetches now and then until stop. It spends at most a tenth of the time
// on that.
func (t *tree) follow(ctx context.Context, stop <-chan struct{}, skip func(name, why string)) {
	pause := followPause
	for {
		select {
		case <-stop:
			return
		case <-t.s.gone:
			return
		case <-time.After(pause):
		}
		began := time.Now()
		if err := t.fetch(ctx, skip); err != nil {
			t.s.log.Debug("files of a running command", zap.Error(err)) // the last fetch reports it
		}
		pause = max(followPause, 10*time.Since(began))
	}
}

// fetchLate fetches after a command that failed or was cancelled. Its caller
// waits only shortly for it.
func (t *tree) fetchLate(e *Executor, followed <-chan struct{}) {
	done := make(chan struct{})
	e.work.Go(func() {
		defer close(done)
		<-followed
		if err := t.fetch(e.life, func(string, string) {}); err != nil {
			t.s.log.Warn("files of a command that did not end by itself", zap.Error(err))
		}
	})
	select {
	case <-done:
	case <-time.After(latePatience):
	}
}

// leftovers are the paths that one command left in the container.
type leftovers struct {
	lines []string // at most maxTold
	more  int
}

func (l *leftovers) add(name, why string) {
	if len(l.lines) == maxTold {
		l.more++
		return
	}
	l.lines = append(l.lines, fmt.Sprintf("[not copied back from the container: %q: %s]\n", name, why))
}

func (l *leftovers) tell(out io.Writer) {
	if l.more > 0 {
		l.lines = append(l.lines, fmt.Sprintf("[and %d more]\n", l.more))
	}
	if len(l.lines) > 0 {
		_, _ = io.WriteString(out, strings.Join(l.lines, ""))
	}
}

// unsent returns the error for a command that did not begin because its files
// could not be sent.
func (t *tree) unsent(ctx context.Context, e *Executor, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	state, cancel := context.WithTimeout(context.Background(), inspectTimeout)
	defer cancel()
	if loss := t.s.state(state); isLoss(loss) || errors.Is(err, errGone) {
		err = lost(t.s, errors.Join(loss, err))
		e.discard(t.s, err)
		return &notBegunError{err}
	}
	return err
}
