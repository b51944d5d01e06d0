package docker

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/runtime/runtimetest"
)

// relay is a proxy between a client and the real daemon that can stop and start
// again like a daemon.
type relay struct {
	socket, daemon string
	listener       net.Listener
	work           sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
	down  bool
}

func newRelay(t *testing.T, daemon string) *relay {
	r := &relay{socket: filepath.Join(t.TempDir(), "d.sock"), daemon: daemon}
	var err error
	if r.listener, err = net.Listen("unix", r.socket); err != nil {
		t.Fatal(err)
	}
	r.work.Go(func() { r.accept(r.listener) })
	t.Cleanup(func() {
		_ = r.listener.Close()
		r.cut(true)
		r.work.Wait()
	})
	return r
}

func (r *relay) accept(listener net.Listener) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("unix", r.daemon)
		r.mu.Lock()
		if err != nil || r.down {
			_ = near.Close()
			if err == nil {
				_ = far.Close()
			}
			r.mu.Unlock()
			continue
		}
		r.conns = append(r.conns, near, far)
		r.mu.Unlock()
		r.work.Go(func() { pass(far, near) })
		r.work.Go(func() { pass(near, far) })
	}
}

func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.(interface{ CloseWrite() error }).CloseWrite()
}

// cut ends all connections; down refuses new ones too.
func (r *relay) cut(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
	for _, c := range r.conns {
		_ = c.Close()
	}
	r.conns = nil
}

// TestBrokenStream cuts the connection to the daemon while a command runs. The
// command's stream then ends without an error.
func TestBrokenStream(t *testing.T) { inTurn(t, commandWays(), testBrokenStream) }

func testBrokenStream(t *testing.T, w way) {
	direct := connect(t)
	socket, ok := strings.CutPrefix(direct.api.DaemonHost(), "unix://")
	if !ok {
		runtimetest.Missing(t, "needs a daemon on a Unix socket")
	}
	for _, down := range []bool{false, true} {
		t.Run(fmt.Sprintf("down %v", down), func(t *testing.T) {
			r := newRelay(t, socket)
			t.Setenv("DOCKER_HOST", "unix://"+r.socket)
			client, err := Connect()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = client.Close() }()
			opts := w.with(Options{Client: client, Image: testImage(), Supervisor: testProgram(t), Instance: randomID()})
			e := New(workspace(t), opts)
			defer func() { _ = e.Close(context.Background()) }()
			sh(t, e, "true")
			started := make(chan struct{})
			go func() { <-started; r.cut(down) }()
			exit, err := e.Exec(context.Background(), runtime.Command{Script: "echo; sleep 600"}, onceWriter(started))
			wantUnavailable(t, err)
			if exit != (runtime.Exit{}) {
				t.Errorf("an exit from a broken stream: %+v", exit)
			}
			r.cut(false)
			if out, _ := sh(t, e, "echo next"); out != "next\n" {
				t.Errorf("the next command: %q", out)
			}
			if err := e.Close(context.Background()); err != nil {
				t.Error(err)
			}
			// The old one ends with its stdin, which was cut too.
			eventually(t, "no container is left", 10*time.Second, func() bool { return len(containers(t, direct, opts.Instance)) == 0 })
		})
	}
}

func TestExplainPermission(t *testing.T) {
	client, err := Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	wantUnavailable(t, client.explain("x", fmt.Errorf("dial: %w", fs.ErrPermission)), "no permission", "usermod -aG docker", client.api.DaemonHost())
}
