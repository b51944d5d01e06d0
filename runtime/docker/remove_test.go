package docker

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/pygent/pygent/runtime"
)

// TestCloseRemovesWhatCouldNotBeRemoved makes a start fail, and the removal of
// the container that it had created.
func TestCloseRemovesWhatCouldNotBeRemoved(t *testing.T) {
	direct := connect(t)
	var well atomic.Bool
	client, _ := proxied(t, func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		refused := !well.Load() && (r.Method == http.MethodDelete || strings.HasSuffix(r.URL.Path, "/start"))
		if refused {
			http.Error(w, `{"message":"the disk is full"}`, http.StatusInternalServerError)
		}
		return refused
	})
	opts := Options{Client: client, Image: testImage(), Instance: randomID()}
	e := New(workspace(t), opts)
	_, err := e.Exec(context.Background(), runtime.Command{Script: "true"}, io.Discard)
	wantUnavailable(t, err, "the disk is full")
	if left := containers(t, direct, opts.Instance); len(left) != 1 {
		t.Fatalf("containers: %v, want the one that could not be removed", left)
	}
	if err := e.Close(context.Background()); err == nil {
		t.Error("Close hides that the container is still there")
	}
	well.Store(true)
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if left := containers(t, direct, opts.Instance); len(left) > 0 {
		t.Errorf("containers left: %v", left)
	}
}

// TestCreateIsSeenThrough closes the executor while the daemon creates the
// container. A call that is cancelled then still creates it later.
func TestCreateIsSeenThrough(t *testing.T) {
	direct := connect(t)
	arrived, closing := make(chan struct{}), make(chan struct{})
	var removed sync.Once
	removal := make(chan struct{})
	client, shut := proxied(t, func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		if r.Method == http.MethodDelete {
			defer removed.Do(func() { close(removal) })
			forward.ServeHTTP(w, r)
			return true
		}
		if !strings.HasSuffix(r.URL.Path, "/containers/create") {
			return false
		}
		body, _ := io.ReadAll(r.Body) // then the server sees the end of the connection
		r.Body = io.NopCloser(bytes.NewReader(body))
		close(arrived)
		<-closing
		select {
		case <-r.Context().Done(): // cancelled: create after the removal
			<-removal
		case <-time.After(500 * time.Millisecond):
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
		defer cancel()
		forward.ServeHTTP(w, r.WithContext(ctx))
		return true
	})
	opts := Options{Client: client, Image: testImage(), Instance: randomID()}
	e := New(workspace(t), opts)
	ended := make(chan error, 1)
	go func() {
		_, err := e.Exec(context.Background(), runtime.Command{Script: "true"}, io.Discard)
		ended <- err
	}()
	<-arrived
	closed := make(chan error, 1)
	go func() { closed <- e.Close(context.Background()) }()
	<-e.life.Done()
	close(closing)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	wantUnavailable(t, <-ended, "closed")
	shut() // returns when the last request has been served
	for _, id := range containers(t, direct, opts.Instance) {
		t.Errorf("container left: %s", id)
		_ = direct.api.ContainerRemove(context.Background(), id, container.RemoveOptions{Force: true})
	}
}
