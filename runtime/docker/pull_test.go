package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
)

// pullDaemon is a fake daemon for pulls. It has the image only after a
// successful pull, and makes no container.
type pullDaemon struct {
	stream string // what a pull answers
	ok     bool

	mu     sync.Mutex
	pulled []string
}

func (d *pullDaemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case strings.HasSuffix(r.URL.Path, "/_ping"):
		w.Header().Set("Api-Version", "1.41")
	case path == "info":
		fmt.Fprint(w, `{"NCPU":2,"OSType":"linux","Architecture":"x86_64"}`)
	case path == "images/create":
		d.pulled = append(d.pulled, r.URL.Query().Get("fromImage")+":"+r.URL.Query().Get("tag"))
		fmt.Fprint(w, d.stream)
	case path == "images/some/image:1/json" && d.ok && len(d.pulled) > 0:
		fmt.Fprint(w, `{"Id":"sha256:1"}`)
	case path == "containers/create" && d.ok && len(d.pulled) > 0:
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, `{"message":"made of the image"}`)
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"message":"no such thing"}`)
	}
}

const goodPull = `{"status":"Pulling from some/image","id":"1"}
{"status":"Downloading","progressDetail":{"current":1000000,"total":20000000},"id":"abc"}
{"status":"Downloading","progressDetail":{"current":2000000,"total":20000000},"id":"abc"}
{"status":"Download complete","progressDetail":{},"id":"abc"}
{"status":"Download complete","progressDetail":{},"id":"abc"}
{"status":"Status: Downloaded newer image"}
`

func TestPull(t *testing.T) {
	for _, tc := range []struct {
		name, pull, stream string
		ok                 bool
		lines, words       []string
	}{
		{"never", PullNever, goodPull, true, nil, []string{"docker pull some/image:1"}},
		{"by default", "", goodPull, true, nil, []string{"docker pull some/image:1"}},
		{"missing", PullMissing, goodPull, true, []string{
			"pulling some/image:1", "1: Pulling from some/image", "abc: Downloading 1.0 of 20.0 MB", "abc: Download complete", "Status: Downloaded newer image",
		}, []string{"made of the image"}},
		{
			"refused", PullMissing, `{"status":"Pulling","id":"1"}` + `{"errorDetail":{"message":"denied"},"error":"denied"}`, false,
			[]string{"pulling some/image:1", "1: Pulling"},
			[]string{"pull image some/image:1", "denied"},
		},
		{
			"cut", PullMissing, `{"status":"Pulling","id":"1"}{"sta`, false,
			[]string{"pulling some/image:1", "1: Pulling"},
			[]string{"pull image some/image:1", "broke off"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			daemon := httptest.NewServer(&pullDaemon{stream: tc.stream, ok: tc.ok})
			defer daemon.Close()
			t.Setenv("DOCKER_HOST", strings.Replace(daemon.URL, "http://", "tcp://", 1))
			client, err := Connect()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = client.Close() }()
			var lines []string
			e := New(workspace(t), Options{Client: client, Image: "some/image:1", Pull: tc.pull, Progress: func(line string) { lines = append(lines, line) }})
			_, err = e.Exec(t.Context(), runtime.Command{Script: "true"}, &bytes.Buffer{})
			wantUnavailable(t, err, tc.words...)
			if err := e.Close(context.Background()); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(tc.lines, lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPullIsChecked(t *testing.T) {
	client, err := Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	e := New(workspace(t), Options{Client: client, Image: "x", Pull: "always"})
	var invalid *runtime.InvalidError
	if _, err := e.Exec(t.Context(), runtime.Command{Script: "true"}, &bytes.Buffer{}); !errors.As(err, &invalid) {
		t.Errorf("got %v", err)
	}
}
