package localserver_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/cmd/pygent/internal/localserver"
)

// place serves one answer to /v1/models.
func place(t *testing.T, name string, answer http.HandlerFunc) localserver.Candidate {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", answer)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return localserver.Candidate{Name: name, BaseURL: srv.URL + "/v1"}
}

func models(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, text)
	}
}

func TestFind(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	good := place(t, "good", models(`{"object":"list","data":[{"id":"qwen3-coder:30b"},{"id":"$(rm -rf)"},{"id":"org/m@q4"}]}`))
	empty := place(t, "empty", models(`{"data":[]}`))
	candidates := []localserver.Candidate{
		{Name: "silent", BaseURL: "http://" + silent.Addr().String() + "/v1"},
		{Name: "closed", BaseURL: "http://" + closed.Addr().String() + "/v1"},
		place(t, "page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }),
		place(t, "other", models(`{"version":"1"}`)),
		place(t, "endless", models(`{"data":[{"id":"`+strings.Repeat("x", 2<<20)+`"}]}`)),
		place(t, "elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, good.BaseURL+"/models", http.StatusTemporaryRedirect)
		}),
		good,
		empty,
	}
	want := []localserver.Server{
		{Name: "good", BaseURL: good.BaseURL, Models: []string{"qwen3-coder:30b", "org/m@q4"}},
		{Name: "empty", BaseURL: empty.BaseURL, Models: []string{}},
	}
	got := localserver.Find(context.Background(), candidates)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("servers (-want +got):\n%s", diff)
	}
	if s := got[0].Setting(); s != "OPENAI_BASE_URL="+good.BaseURL+" PYGENT_MODEL=qwen3-coder:30b" {
		t.Error(s)
	}
	if s := got[1].Setting(); s != "OPENAI_BASE_URL="+empty.BaseURL {
		t.Error(s)
	}
}
