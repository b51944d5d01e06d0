package netproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/pygent/pygent/runtime/instance"
)

// Where the proxy is inside a sandbox.
const (
	InsideDir    = "/.pygent/net" // where Host.Dir is mounted
	InsideSocket = InsideDir + "/" + socketName

	socketName = "proxy.sock"
)

// maxNoted bounds the refused hosts that one Watch names.
const maxNoted = 20

// Host is a Proxy that serves a socket in a directory of its own, for one
// executor. It is safe for concurrent use.
type Host struct {
	private string // 0700: it excludes other users of the machine, and names its owner
	dir     string
	setting string
	stop    context.CancelFunc
	done    chan struct{} // closed when err is set and the proxy has ended
	err     error

	mu      sync.Mutex // guards the fields below
	watches map[*Watch]struct{}
}

// Check returns an error of one line that names the bad entry if New would
// refuse the allow list.
func Check(allow []string) error {
	_, err := parseRules(allow)
	return err
}

// StartHost serves a new Proxy until Close. opts.Refused is called too.
func StartHost(opts Options) (*Host, error) {
	h := &Host{done: make(chan struct{}), watches: map[*Watch]struct{}{}}
	told := opts.Refused
	opts.Refused = func(host string) {
		h.note(host)
		if told != nil {
			told(host)
		}
	}
	p, err := New(opts)
	if err != nil {
		return nil, err
	}
	h.setting = p.setting
	l, err := h.listen()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the socket of the network proxy: %w", err), h.remove())
	}
	ctx, stop := context.WithCancel(context.Background())
	h.stop = stop
	go func() {
		defer close(h.done)
		h.err = p.Serve(ctx, l)
	}()
	return h, nil
}

// listen makes the socket. The user inside a sandbox can be another one, so the
// mounted directory is open to all and lies in the private one.
func (h *Host) listen() (net.Listener, error) {
	var err error
	if h.private, err = instance.MakeDir("", "net"); err != nil {
		return nil, err
	}
	if h.private, err = filepath.EvalSymlinks(h.private); err != nil {
		return nil, err
	}
	h.dir = filepath.Join(h.private, "s")
	if err := os.Mkdir(h.dir, 0o700); err != nil {
		return nil, err
	}
	socket := filepath.Join(h.dir, socketName)
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(os.Chmod(socket, 0o666), os.Chmod(h.dir, 0o755)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Dir returns the directory to mount at InsideDir.
func (h *Host) Dir() string { return h.dir }

// Close ends the proxy and its connections, and removes the directory.
func (h *Host) Close() error {
	h.stop()
	<-h.done
	return errors.Join(h.err, h.remove())
}

func (h *Host) remove() error {
	if h.private == "" {
		return nil
	}
	return instance.RemoveAll(h.private)
}

func (h *Host) note(host string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watches {
		switch {
		case slices.Contains(w.hosts, host):
		case len(w.hosts) < maxNoted:
			w.hosts = append(w.hosts, host)
		default:
			w.more = true
		}
	}
}

// Watch collects the hosts that are refused while a command runs.
type Watch struct {
	host  *Host
	hosts []string // without duplicates
	more  bool     // there are more than hosts
}

// Watch begins to collect. A nil Host refuses nothing.
func (h *Host) Watch() *Watch {
	w := &Watch{host: h}
	if h != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.watches[w] = struct{}{}
	}
	return w
}

// Report ends the collection and writes a line for each refused host.
func (w *Watch) Report(out io.Writer) {
	if w.host == nil {
		return
	}
	w.host.mu.Lock()
	delete(w.host.watches, w)
	w.host.mu.Unlock()
	for _, host := range w.hosts {
		_, _ = fmt.Fprintf(out, "\n[network: %s refused; allow it with %s]\n", host, w.host.setting)
	}
	if w.more {
		_, _ = fmt.Fprint(out, "\n[network: further hosts refused]\n")
	}
}
