package docker

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pygent/pygent/runtime"
)

// TestCloseRemovesWhatCouldNotBeRemoved lets a start fail, and the removal of
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
