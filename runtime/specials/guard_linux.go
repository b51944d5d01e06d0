package specials

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// Search searches dirs, the first of which is the workspace. It leaves out the
// paths in given, which commands may use. Notices says what it could not
// search. Call Watch next.
func Search(dirs, given []string) *Guard {
	g := &Guard{masked: make(map[identity]bool), given: given}
	self := uint32(os.Getuid())
	counts := make(map[string]int)
	open := sync.OnceValue(held) // not called if there are no FIFOs
	for _, dir := range dirs {
		p := newPlace(dir)
		g.search = append(g.search, p)
		left := 0
		unseen := p.walk(func(path string, f file) {
			if !f.live() || g.has(path) {
				return
			}
			// /proc does not show the open files of another user.
			if f.kind == FIFO && f.uid == self && !open().has(f.inode) {
				g.idle = append(g.idle, f.inode)
				return
			}
			g.masked[f.identity] = true
			if !g.add(Part{path, f.kind}, counts) {
				left++
			}
		})
		if unseen != "" {
			g.Notices = append(g.Notices, fmt.Sprintf("sockets, FIFOs and devices are masked as far as %d directories go; %q and the directories after it were not searched", maxDirs, filepath.Join(p.at, unseen)))
		}
		if left > 0 {
			g.Notices = append(g.Notices, fmt.Sprintf("%s has too many sockets, FIFOs and devices: %d of them are not masked, and commands can use them", p.at, left))
		}
	}
	return g
}

// Watch adds the sockets that the kernel lists as served, in the searched
// directories and in more, and begins to watch for new ones.
func (g *Guard) Watch(more ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all = append(g.all, g.search...)
	for _, dir := range more {
		g.all = append(g.all, newPlace(dir))
	}
	counts := make(map[string]int)
	for _, p := range g.Parts {
		counts[p.Kind]++
	}
	counts[Socket] += counts[Device]
	left := 0
	err := g.renew(func(s served) {
		paths, _ := g.locate(s) // Search has just looked for the unsure ones
		for _, path := range paths {
			if !g.has(path) && !g.add(Part{path, Socket}, counts) {
				left++
			}
		}
	})
	if err != nil {
		g.blind = true
		g.Notices = append(g.Notices, "sockets that programs on the host make while commands run are masked at the next start only, because the kernel does not list them: "+err.Error())
	}
	if left > 0 {
		g.Notices = append(g.Notices, fmt.Sprintf("there are too many sockets of the host: %d of them are not masked, and commands can use them", left))
	}
	if len(g.search) > 0 {
		g.tell(g.search[0].at)
	}
}

// Fresh returns the paths of sockets that programs on the host have begun to serve
// since Watch, nil when there are none. It costs some tens of microseconds.
func (g *Guard) Fresh() []string {
	if g == nil || g.blind {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	unsure := make(map[uint32]bool)
	err := g.renew(func(s served) {
		paths, maybe := g.locate(s)
		for _, path := range paths {
			if !slices.Contains(g.given, path) {
				g.fresh = append(g.fresh, path)
			}
		}
		if maybe {
			unsure[s.ino] = true
		}
	})
	if err != nil {
		return slices.Clone(g.fresh)
	}
	if len(unsure) > 0 {
		g.searchAgain(unsure)
	}
	g.fresh = slices.DeleteFunc(g.fresh, func(path string) bool {
		_, err := os.Lstat(path)
		return errors.Is(err, fs.ErrNotExist)
	})
	return slices.Clone(g.fresh)
}

// renew calls report for each socket that is served now and was not at the last
// call.
func (g *Guard) renew(report func(served)) error {
	if g.known == nil {
		g.known, g.buf = make(map[uint64]uint64), make([]byte, answerBuffer)
	}
	g.round++
	count := 0
	err := list(g.buf, func(s served) {
		count++
		if g.known[s.cookie] == 0 {
			report(s)
		}
		g.known[s.cookie] = g.round
	})
	if err == nil && count < len(g.known) {
		maps.DeleteFunc(g.known, func(_, round uint64) bool { return round != g.round })
	}
	return err
}

// searchAgain searches for sockets whose path the kernel does not know, by
// their inode numbers. Other sockets in the directories can be the commands'
// own.
func (g *Guard) searchAgain(numbers map[uint32]bool) {
	for _, p := range g.search {
		p.walk(func(path string, f file) {
			if f.kind == Socket && numbers[uint32(f.ino)] && !g.masked[f.identity] && !g.has(path) && f.live() {
				g.fresh = append(g.fresh, path)
			}
		})
	}
}

// locate returns the paths at which commands see a socket. unsure is set for a
// socket that could be anywhere in the directories: its server gave a relative
// name, or it has been moved.
func (g *Guard) locate(s served) (paths []string, unsure bool) {
	maybe := func() bool {
		for _, p := range g.search {
			if p.dev == 0 || p.dev == s.dev {
				return true
			}
		}
		return false
	}
	name := string(s.name)
	if !filepath.IsAbs(name) {
		return nil, maybe()
	}
	dir, base := filepath.Split(filepath.Clean(name))
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, maybe()
	}
	defer func() { _ = unix.Close(fd) }()
	var st unix.Stat_t
	if err := unix.Fstatat(fd, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK || uint32(st.Ino) != s.ino {
		return nil, maybe()
	}
	real, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return nil, maybe()
	}
	for _, p := range g.all {
		if rel, err := filepath.Rel(p.real, filepath.Join(real, base)); err == nil && filepath.IsLocal(rel) && rel != "." {
			paths = append(paths, filepath.Join(p.at, rel))
		}
	}
	return paths, false
}

func newPlace(dir string) place {
	p := place{at: filepath.Clean(dir), real: filepath.Clean(dir)}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		p.real = real
	}
	var system unix.Statfs_t
	var st unix.Stat_t
	if unix.Statfs(p.real, &system) == nil && system.Type != unix.BTRFS_SUPER_MAGIC && unix.Stat(p.real, &st) == nil {
		p.dev = unix.Major(st.Dev)<<20 | unix.Minor(st.Dev) // in the kernel's internal form
	}
	return p
}

// IsSocket reports whether a path is a socket or a link to one.
func IsSocket(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&os.ModeSocket != 0
}
