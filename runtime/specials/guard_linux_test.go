package specials_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pygent/pygent/runtime/runtimetest"
	"github.com/pygent/pygent/runtime/specials"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func listen(t testing.TB, network, path string) net.Conn {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	if network == "unixgram" {
		c, err := net.ListenUnixgram(network, &net.UnixAddr{Name: path, Net: network})
		must(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	l, err := net.ListenUnix(network, &net.UnixAddr{Name: path, Net: network})
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return nil
}

// stale makes a socket that nobody serves any more.
func stale(t testing.TB, path string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	must(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
	must(t, unix.Close(fd))
}

// openFIFO makes a FIFO that a program has open.
func openFIFO(t testing.TB, path string) *os.File {
	t.Helper()
	must(t, syscall.Mkfifo(path, 0o600))
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// searchSure searches a directory while no other program of the machine waits to open
// a FIFO: then all FIFOs count, because it could be any of them.
func searchSure(t testing.TB, dir string) *specials.Guard {
	t.Helper()
	sure := filepath.Join(t.TempDir(), "sure")
	must(t, os.Mkdir(sure, 0o700))
	must(t, syscall.Mkfifo(sure+"/nobody's", 0o600))
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		before := specials.Search([]string{sure}, nil)
		g := specials.Search([]string{dir}, nil)
		if after := specials.Search([]string{sure}, nil); len(before.Parts)+len(after.Parts) == 0 {
			return g
		}
		if time.Now().After(end) {
			t.Fatal("some program of this machine waits all the time to open a FIFO")
		}
	}
}

func found(g *specials.Guard, dir string) (all []string) {
	for _, p := range g.Parts {
		rel, err := filepath.Rel(dir, p.Path)
		if err != nil {
			rel = p.Path
		}
		all = append(all, p.Kind+" "+rel)
	}
	slices.Sort(all)
	return all
}

func TestSearchFindsWhatIsServed(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	listen(t, "unix", dir+"/a/stream")
	listen(t, "unixpacket", dir+"/a/b/packet")
	datagrams := listen(t, "unixgram", dir+"/datagram")
	listen(t, "unix", outside+"/not")
	stale(t, dir+"/stale")
	openFIFO(t, dir+"/a/pipe")
	must(t, syscall.Mkfifo(dir+"/a/left", 0o600))
	must(t, os.Symlink(outside, dir+"/link"))
	must(t, os.Symlink(outside+"/not", dir+"/linked"))
	if os.Getuid() == 0 {
		must(t, unix.Mknod(dir+"/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	}
	g := searchSure(t, dir)
	want := []string{"FIFO a/pipe", "socket a/b/packet", "socket a/stream", "socket datagram"}
	if os.Getuid() == 0 {
		want = append([]string{"device null"}, want...)
		slices.Sort(want)
	}
	if got := found(g, dir); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	g.Watch()
	if got := found(g, dir); !slices.Equal(got, want) {
		t.Errorf("after Watch: %q", got)
	}
	if fresh := g.Fresh(); len(fresh) > 0 {
		t.Errorf("fresh: %q", fresh)
	}
	must(t, datagrams.SetReadDeadline(unixEpoch))
	if n, err := datagrams.Read(make([]byte, 10)); n > 0 || !os.IsTimeout(err) {
		t.Errorf("the search sent %d bytes: %v", n, err)
	}
	if len(g.Notices) != 1 || !strings.Contains(g.Notices[0], `"a/pipe"`) {
		t.Errorf("%q", g.Notices)
	}
}

// TestSearchIsNotSeen: a server has no connection to accept.
func TestSearchIsNotSeen(t *testing.T) {
	dir := t.TempDir()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dir + "/socket", Net: "unix"})
	must(t, err)
	defer l.Close()
	if got := found(specials.Search([]string{dir}, nil), dir); len(got) != 1 {
		t.Fatalf("%q", got)
	}
	must(t, l.SetDeadline(unixEpoch))
	if _, err := l.Accept(); !os.IsTimeout(err) {
		t.Errorf("accepted: %v", err)
	}
}

// TestFreshFindsHoweverItWasNamed: a socket that was named by an absolute name,
// through a link, by a relative name, and moved after it was bound.
func TestFreshFindsHoweverItWasNamed(t *testing.T) {
	for name, serve := range map[string]func(dir string){
		"deep": func(dir string) {
			path := dir + strings.Repeat("/d", 20)
			listen(t, "unix", path+"/s")
			must(t, os.Rename(dir+"/d", dir+"/deep"))
			must(t, os.Rename(dir+"/deep", dir+"/d"))
		},
		"link": func(dir string) {
			link := filepath.Join(t.TempDir(), "link")
			must(t, os.Symlink(dir, link))
			listen(t, "unix", link+"/s")
		},
		"relative": func(dir string) { t.Chdir(dir); listen(t, "unix", "s") },
		"moved":    func(dir string) { listen(t, "unix", dir+"/tmp"); must(t, os.Rename(dir+"/tmp", dir+"/s")) },
		"moved in": func(dir string) {
			out, err := os.MkdirTemp(filepath.Dir(dir), "out")
			must(t, err)
			listen(t, "unix", out+"/s")
			must(t, os.Rename(out+"/s", dir+"/s"))
		},
		"bound, and not yet listening": func(dir string) {
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			must(t, err)
			t.Cleanup(func() { _ = unix.Close(fd) })
			must(t, unix.Bind(fd, &unix.SockaddrUnix{Name: dir + "/s"}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			g := specials.Search([]string{dir}, nil)
			g.Watch()
			listen(t, "unix", filepath.Join(t.TempDir(), "elsewhere"))
			if fresh := g.Fresh(); len(fresh) > 0 {
				t.Errorf("elsewhere: %q", fresh)
			}
			serve(dir)
			fresh := g.Fresh()
			if len(fresh) != 1 || filepath.Base(fresh[0]) != "s" || !strings.HasPrefix(fresh[0], dir) {
				t.Errorf("%q", fresh)
			}
			must(t, os.Remove(fresh[0]))
			if again := g.Fresh(); len(again) > 0 {
				t.Errorf("removed: %q", again)
			}
		})
	}
}

// TestFreshLeavesCommandsTheirOwn: a socket in another network namespace is not
// reported when a program on the host serves one by a relative name.
func TestFreshLeavesCommandsTheirOwn(t *testing.T) {
	if os.Getuid() != 0 {
		runtimetest.Missing(t, "only root can make a network namespace without a user namespace")
	}
	dir := t.TempDir()
	g := specials.Search([]string{dir}, nil)
	g.Watch()
	inNewNetwork(t, func() { listen(t, "unix", dir+"/own") })
	t.Chdir(t.TempDir())
	listen(t, "unix", "s")
	if fresh := g.Fresh(); len(fresh) > 0 {
		t.Errorf("%q", fresh)
	}
}

// inNewNetwork calls f on a thread that is in a new network namespace and then ends.
func inNewNetwork(t *testing.T, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		goruntime.LockOSThread() // and not unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			f()
		}
		done <- err
	}()
	must(t, <-done)
}

// TestWatchSeesDirectoriesToRead: also those that are given by a link.
func TestWatchSeesDirectoriesToRead(t *testing.T) {
	dir, read := t.TempDir(), t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	must(t, os.Symlink(read, link))
	listen(t, "unix", read+"/x/s")
	g := specials.Search([]string{dir}, nil)
	g.Watch(link)
	if len(g.Parts) != 1 || g.Parts[0].Path != link+"/x/s" {
		t.Errorf("%+v", g.Parts)
	}
}

// TestBoundsAreTold: masses of FIFOs of commands do not use up the bound for
// the host's sockets.
func TestBoundsAreTold(t *testing.T) {
	dir := t.TempDir()
	for i := range 150 {
		openFIFO(t, fmt.Sprintf("%s/pipe%03d", dir, i))
		stale(t, fmt.Sprintf("%s/stale%03d", dir, i))
	}
	for i := range 1100 {
		must(t, os.MkdirAll(fmt.Sprintf("%s/many/%04d", dir, i), 0o755))
	}
	listen(t, "unix", dir+"/many/1099/s")
	listen(t, "unix", dir+"/z")
	g := specials.Search([]string{dir}, nil)
	g.Watch()
	sockets := slices.DeleteFunc(found(g, dir), func(s string) bool { return strings.HasPrefix(s, "FIFO") })
	if want := []string{"socket many/1099/s", "socket z"}; !slices.Equal(sockets, want) || len(g.Parts) != 102 {
		t.Errorf("%q of %d", sockets, len(g.Parts))
	}
	text := strings.Join(g.Notices, "\n")
	for _, want := range []string{"as far as 1000 directories go", "50 of them are not masked", "and 97 more"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// TestFIFOCountsWhileItIsOpen: one that no program has open leads nowhere.
func TestFIFOCountsWhileItIsOpen(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/pipe"
	search := func() *specials.Guard { return searchSure(t, dir) }
	f := openFIFO(t, path)
	if got := found(search(), dir); !slices.Equal(got, []string{"FIFO pipe"}) {
		t.Errorf("open: %q", got)
	}
	must(t, f.Close())
	g := search()
	if got := found(g, dir); len(got) > 0 || g.Opened() {
		t.Errorf("closed: %q", got)
	}
	must(t, os.Rename(path, dir+"/moved"))
	f, err := os.OpenFile(dir+"/moved", os.O_RDWR|syscall.O_NONBLOCK, 0)
	must(t, err)
	for end := time.Now().Add(20 * time.Second); !g.Opened(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it is not seen that the FIFO was opened")
		}
	}
	must(t, f.Close())
}

// TestFIFOCountsWhileAProgramWaits: a shell that reads commands from a FIFO has no
// descriptor of it before there is a writer, and the search is none.
func TestFIFOCountsWhileAProgramWaits(t *testing.T) {
	dir := t.TempDir()
	must(t, syscall.Mkfifo(dir+"/pipe", 0o600))
	reader := exec.Command("/bin/sh", "-c", "read line <pipe; echo got $line")
	reader.Dir = dir
	out, err := reader.StdoutPipe()
	must(t, err)
	must(t, reader.Start())
	t.Cleanup(func() {
		_ = reader.Process.Kill()
		_ = reader.Wait()
	})
	where := fmt.Sprintf("/proc/%d/wchan", reader.Process.Pid)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		at, err := os.ReadFile(where)
		must(t, err)
		if text := string(at); text == "wait_for_partner" || text == "fifo_open" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the reader is at %q", at)
		}
	}
	if got := found(specials.Search([]string{dir}, nil), dir); !slices.Equal(got, []string{"FIFO pipe"}) {
		t.Errorf("%q", got)
	}
	must(t, os.WriteFile(dir+"/pipe", []byte("mine\n"), 0))
	if text, err := io.ReadAll(out); err != nil || string(text) != "got mine\n" {
		t.Errorf("the search has disturbed the reader: %q, %v", text, err)
	}
}

// TestFIFOOfAnotherUserCounts, because that user's open files are not known.
func TestFIFOOfAnotherUserCounts(t *testing.T) {
	dir := t.TempDir()
	must(t, syscall.Mkfifo(dir+"/pipe", 0o600))
	if os.Getuid() != 0 {
		t.Skip("only root can give a file away")
	}
	must(t, os.Chown(dir+"/pipe", 65534, 65534))
	if got := found(specials.Search([]string{dir}, nil), dir); !slices.Equal(got, []string{"FIFO pipe"}) {
		t.Errorf("%q", got)
	}
}
