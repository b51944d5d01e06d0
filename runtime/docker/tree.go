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
	maxTold      = 10                     // paths that a command's output tells of
)

// tree keeps a workspace and its copy in a container alike: send brings over
// what changed here, fetch what changed there. Where both did, this side wins.
type tree struct {
	s        *sandbox
	ws       *runtime.Workspace
	uid, gid int
	guarded  []string // paths that commands must not change, as the guard of .git has them
	hasGit   bool     // there was a .git when the container was made

	limit budget           // of one transfer
	turn  chan struct{}    // holds a token while files are on the way
	known map[string]entry // what both sides have
	there map[string]entry // what may only be in the container
}

// entry is a file, directory or link as it was last seen.
type entry struct {
	mode  fs.FileMode // type and permission bits
	size  int64
	mtime time.Time // on this side
	stamp stamp     // likewise
	sum   [sha256.Size]byte
	link  string
}

// same compares what both sides can tell of an entry.
func (e entry) same(other entry) bool {
	e.mtime, other.mtime = time.Time{}, time.Time{}
	e.stamp, other.stamp = stamp{}, stamp{}
	return e == other
}

// unchanged tells from a look at this side, contents unread, that the entry is as
// it was at the last transfer.
func (e entry) unchanged(info fs.FileInfo) bool {
	if e.mode != cleanMode(info.Mode()) {
		return false
	}
	return info.IsDir() || e.size == sizeOf(info) && e.mtime.Equal(info.ModTime()) && e.stamp == stampOf(info)
}

// stamp is what no command and no program here can set back after a change, as a
// modification time can be. It is zero where the system does not tell.
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

// isGuarded tells whether name must stay as it is on this side.
func (t *tree) isGuarded(name string) bool {
	for _, g := range t.guarded {
		if name == g || strings.HasPrefix(name, g+"/") {
			return true
		}
	}
	return false
}

// begin waits for its turn and opens the workspace for one transfer. The caller
// calls done when that has ended.
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

// budget counts what a transfer may still take.
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

// run runs one command in a container whose files are copies: they are there as
// they are here when it begins, and here as it left them when it has ended.
// Those of a long command come by and by.
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

// follow fetches now and then until stop. It spends a tenth of the time.
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
			t.s.log.Debug("files of a running command", zap.Error(err)) // the last fetch tells
		}
		pause = max(followPause, 10*time.Since(began))
	}
}

// fetchLate fetches after a command that failed or was cancelled. Its caller
// waits for it only a moment.
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

// unsent is why files did not come over, and so the command did not begin.
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
