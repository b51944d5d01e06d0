package specials

import (
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// maxLooked bounds the examined files and threads of processes.
const maxLooked = 200_000

// waitsToOpen reports whether a thread waits in the kernel for the other end of
// a FIFO: it has no descriptor of the FIFO yet. A compiler can inline one
// function into the other.
func waitsToOpen(wchan string) bool { return wchan == "wait_for_partner" || wchan == "fifo_open" }

// holders is the set of FIFOs that programs have open. Finding them opens none,
// because the other end would notice.
type holders struct {
	open   map[inode]bool
	unsure bool // a program waits to open some FIFO, or not all were examined
	looked int
	buf    [64]byte
	told   bool // /proc shows where threads wait, as threads of this process do
}

// held finds the FIFOs that processes of this machine have open, as far as this
// user may see them.
func held() *holders {
	h := &holders{open: make(map[inode]bool)}
	proc, err := os.ReadDir("/proc")
	if err != nil {
		h.unsure = true
		return h
	}
	for _, e := range proc {
		if pid, err := strconv.Atoi(e.Name()); err == nil && !h.unsure {
			h.process("/proc/" + strconv.Itoa(pid))
		}
	}
	h.unsure = h.unsure || !h.told
	return h
}

func (h *holders) process(at string) {
	tasks := names(at + "/task")
	h.looked += len(tasks)
	for _, task := range tasks {
		where := h.read(at + "/task/" + task + "/wchan")
		h.unsure = h.unsure || waitsToOpen(where)
		h.told = h.told || where != "" && where != "0"
	}
	dir, err := unix.Open(at+"/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return // it belongs to another user, or has ended
	}
	defer func() { _ = unix.Close(dir) }()
	for _, fd := range names(at + "/fd") {
		var st unix.Statx_t
		// Do not ask a file server, which may not answer.
		if unix.Statx(dir, fd, unix.AT_STATX_DONT_SYNC, unix.STATX_TYPE|unix.STATX_INO, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO {
			h.open[inode{unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino}] = true
		}
		h.looked++
	}
	h.unsure = h.unsure || h.looked > maxLooked
}

// has reports whether a FIFO may lead to a program.
func (h *holders) has(f inode) bool { return h.unsure || h.open[f] }

// Opened reports whether programs may have opened a FIFO that was not masked
// because no program had it open. No command may be running. A check takes some
// milliseconds, and more on a machine with many processes; the next one is made
// no sooner than after twenty times as long. Without such FIFOs Opened checks
// nothing.
func (g *Guard) Opened() bool {
	if g == nil || len(g.idle) == 0 {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	begin := time.Now()
	if begin.Before(g.again) {
		return false
	}
	h := held()
	g.again = begin.Add(20 * time.Since(begin))
	return slices.ContainsFunc(g.idle, h.has)
}

// read returns the text of a short file, "" if it cannot be read.
func (h *holders) read(name string) string {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer func() { _ = unix.Close(fd) }()
	n, _ := unix.Read(fd, h.buf[:])
	return string(h.buf[:max(n, 0)])
}

func names(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	all, _ := f.Readdirnames(maxLooked) // if the process has just ended, the names up to then
	return all
}
