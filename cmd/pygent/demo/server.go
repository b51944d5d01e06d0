package demo

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/pygent/pygent/rpc"
)

// endTimeout bounds the end of the server.
const endTimeout = 10 * time.Second

// server is a real server, a child process behind two pipes.
type server struct {
	show *show
	cmd  *exec.Cmd
}

// pipes are the two pipes as one connection.
type pipes struct {
	io.ReadCloser
	in io.WriteCloser
}

func (p pipes) Write(b []byte) (int, error) { return p.in.Write(b) }

func (p pipes) Close() error {
	err := p.in.Close()
	if readErr := p.ReadCloser.Close(); err == nil {
		err = readErr
	}
	return err
}

func (d *show) start() (*server, error) {
	args := append([]string{"serve", "--replay", d.replay}, d.Flags...)
	cmd := exec.CommandContext(d.ctx, d.Program, args...)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+d.state) // else the demo's session would appear among the user's
	cmd.Stderr = d.Err
	cmd.Cancel = func() error { return cmd.Process.Signal(interrupt) }
	cmd.WaitDelay = endTimeout
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	d.client = rpc.NewClient(pipes{out, in}, rpc.Handlers{Notification: d.notification})
	return &server{show: d, cmd: cmd}, nil
}

// end shuts the server down with shutdown and exit, and waits for it.
func (s *server) end() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.show.ctx), endTimeout)
	defer cancel()
	err := s.show.client.Call(ctx, rpc.MethodShutdown, nil, nil)
	if err == nil {
		err = s.show.client.Notify(ctx, rpc.MethodExit, nil)
	}
	select {
	case <-s.show.client.Done(): // the server has closed its end
	case <-ctx.Done():
	}
	if closeErr := s.show.client.Close(); err == nil {
		err = closeErr
	}
	if waitErr := s.cmd.Wait(); err == nil && waitErr != nil {
		err = fmt.Errorf("the server: %w", waitErr)
	}
	return err
}

// fileURI returns the URI of an absolute path.
func fileURI(path string) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // before a drive letter
	}
	return (&url.URL{Scheme: "file", Path: p}).String()
}
