package gitguard

import (
	"fmt"
	"path"
	"sync"
	"time"

	"github.com/pygent/pygent/runtime/gitrepo"
	"github.com/pygent/pygent/runtime/protect"
)

// How often a Watch searches while commands run: the workspace's own directory,
// and all of the workspace.
const (
	rootInterval  = 20 * time.Millisecond
	watchInterval = 400 * time.Millisecond
)

// maxRepos bounds the repositories that a Watch keeps.
const maxRepos = 10_000

// Watch finds files that commands make and change in a workspace and that
// programs on the host run by themselves. It searches before the first of
// several concurrent commands, at each command's end, and more than twice a
// second meanwhile.
//
// Files that were there before are the user's, and so are the parts that
// commands have read-only. Other new files in a repository that make git on the
// host run programs are moved away when they are found, and reported: hooks,
// settings, a commondir, exec lines of a rebase, a .git that leads out of the
// workspace, HEAD where the workspace has become a bare repository. Other files
// that programs run (package protect) stay, and are reported.
//
// It cannot distinguish the user's other work from that of commands that run at
// the same time. It is safe for concurrent use. A nil Watch watches nothing.
type Watch struct {
	dir  string
	keep bool

	mu       sync.Mutex // guards the fields below
	guard    Guard      // of the commands
	ws       *workspace // open while they run; nil when there is none
	users    int
	timer    *time.Timer
	began    time.Time // when the first of the commands began
	looked   time.Time // when all of it was last searched
	rootBare bool      // before they began
	partial  bool      // the search before they began was incomplete
	tree     tree
	repos    map[string]*repoState
	pointers map[string]string // targets of .git files and links, by path
	files    map[string]stamp
	links    linkSearch
	linked   map[string]bool // marks of the user's links in repositories
	told     bool            // it was reported that not all is searched
	fit      bool            // the workspace's own .git could be guarded
	notices  []string
}

// NewWatch returns a Watch that is idle before Enter. With keep, which is for
// commands that are not confined, it moves nothing and only reports changes.
func NewWatch(dir string, keep bool) *Watch {
	return &Watch{dir: dir, keep: keep, repos: map[string]*repoState{}, pointers: map[string]string{}, files: map[string]stamp{}, linked: map[string]bool{}}
}

// Enter must be called before a command that g guards begins, and Leave after
// it. On an error the command must not begin: the Watch could not find out what
// was there before.
func (w *Watch) Enter(g Guard) error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.users == 0 {
		w.guard, w.began = g, time.Now()
		ws, err := openWorkspace(w.dir)
		switch {
		case err == nil:
			w.ws = &ws
		case isExhausted(err):
			return fmt.Errorf("look at %s: %w", w.dir, err)
		}
		if w.tree.nodes == nil {
			w.tree = g.tree
		}
		if err := w.look(true); err != nil {
			w.close()
			return fmt.Errorf("look for repositories in %s: %w", w.dir, err)
		}
		w.timer = time.AfterFunc(rootInterval, w.tick)
	}
	w.users++
	return nil
}

func (w *Watch) tick() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.users == 0 {
		return
	}
	if time.Since(w.looked) >= watchInterval {
		_ = w.look(false) // the next search reports it
	} else {
		w.lookAtRoot()
	}
	w.timer.Reset(rootInterval)
}

// Leave must be called after a command has ended. It returns the notices since
// the last call.
func (w *Watch) Leave() (notices []string) {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.look(false); err != nil {
		w.notices = append(w.notices, fmt.Sprintf("it is unknown whether this command made files that git would run (%v): look before you run git here", err))
	}
	if w.users--; w.users == 0 {
		w.timer.Stop()
		w.close()
	}
	notices, w.notices = w.notices, nil
	return notices
}

func (w *Watch) close() {
	if w.ws != nil {
		w.ws.close()
		w.ws = nil
	}
}

// look searches the workspace. With learn, all that it finds is the user's. The
// caller holds mu. A workspace that is gone counts as empty; an error means
// that this process cannot open more files.
func (w *Watch) look(learn bool) error {
	w.looked = time.Now()
	if w.ws == nil {
		return nil
	}
	l := look{Watch: w, workspace: *w.ws, learn: learn || w.keep, now: time.Now(), moved: disarming{root: w.ws.root}, seen: map[string]bool{}}
	l.root()
	found := w.tree.search(*w.ws, maxWatchDirs)
	if found.err != nil {
		return found.err
	}
	if learn {
		w.partial = found.unseen != ""
	}
	for _, at := range found.places {
		l.place(at)
	}
	if len(w.repos) > maxRepos {
		for at := range w.repos {
			if !l.seen[at] {
				delete(w.repos, at)
			}
		}
	}
	l.unfit()
	w.notices = append(w.notices, l.moved.told()...)
	w.tell(found)
	l.protected(found.protected, learn)
	if found.unseen != "" && !w.told {
		w.told = true
		w.notices = append(w.notices, fmt.Sprintf("files of commands that git would run are looked for in %d directories; %s and the directories after it are searched at a turn's end only", maxWatchDirs, found.unseen))
	}
	return nil
}

// lookAtRoot examines only the workspace's own directory. The caller holds mu.
func (w *Watch) lookAtRoot() {
	if w.ws == nil {
		return
	}
	l := look{Watch: w, workspace: *w.ws, learn: w.keep, moved: disarming{root: w.ws.root}}
	l.root()
	w.notices = append(w.notices, l.moved.told()...)
}

// look is one search by a Watch.
type look struct {
	*Watch
	workspace
	learn   bool
	now     time.Time
	changed bool // a repository changed
	moved   disarming
	seen    map[string]bool
	byDir   map[fileID]*repoState // Watch.repos by their directories, nil before it is needed
}

// root checks whether git would take the workspace for a bare repository.
func (l *look) root() {
	bare := gitrepo.IsComplete(func(name string) bool { _, is := l.lookAt(name); return is })
	switch {
	case l.learn:
		l.rootBare = bare
	case bare && !l.rootBare:
		l.moved.moveAway("HEAD", "makes the workspace a repository of its own")
	}
}

func (l *look) place(at place) {
	s, there := l.lookAt(at.path)
	switch {
	case !there:
	case s.mode.IsDir():
		l.repo(at, s)
	default:
		l.pointer(at)
	}
}

// pointer examines a .git that is a file or a link.
func (l *look) pointer(at place) {
	p := l.leads(at.path)
	if p.Target == "" {
		return
	}
	if l.learn {
		l.pointers[at.path] = p.Target
	}
	isNew := l.pointers[at.path] != p.Target && !l.older(at.path)
	switch {
	case isNew && at.path == gitrepo.Dir:
		l.moved.moveAway(at.path, "leads to a repository that is not guarded")
	case isNew && p.Odd:
		l.moved.moveAway(at.path, fmt.Sprintf("leads to %.100q", p.Target))
	case p.Repo != "":
		l.repo(place{p.Repo, kindOf(p.Repo)}, l.stamp(p.Repo))
	}
}

// older reports whether a file that is found only now was there before the
// commands began: neither it nor a directory in its path has changed since. The
// workspace's own directory does not count, because a file that is moved into
// it has changed itself.
func (l *look) older(at string) bool {
	for ; at != "."; at = path.Dir(at) {
		if s, there := l.lookAt(at); !there || !s.settled(l.began) {
			return false
		}
	}
	return true
}

// unfit moves away what would prevent preparing the guard anew.
func (l *look) unfit() {
	switch {
	case !l.changed || l.keep:
	case l.learn:
		_, err := find(l.Watch.dir, finder{})
		l.fit = err == nil
	case l.fit:
		l.moved.unfit(l.Watch.dir)
	}
}

// protected reports changed files that programs on the host run by themselves.
func (l *look) protected(paths []string, learn bool) {
	var changed []string
	now := make(map[string]stamp, len(paths))
	for _, at := range paths {
		now[at] = l.stamp(at)
		if now[at] != l.files[at] && !learn && !l.older(at) {
			changed = append(changed, at)
		}
	}
	l.files = now
	if told := protect.Told(changed); told != "" {
		l.notices = append(l.notices, "protected files were made or changed, look at them before a program of yours uses them: "+told)
	}
}
