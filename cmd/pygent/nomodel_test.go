package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/cmd/pygent/internal/localserver"
)

func TestNoModelNamesWhatToSet(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"data":[{"id":"llama"}]}`)
	}))
	defer srv.Close()
	for _, tt := range []struct {
		candidates []localserver.Candidate
		want       string
	}{
		{nil, "no model is configured: set OPENAI_API_KEY, or OPENAI_BASE_URL to a local server; `pygent demo` works without a model"},
		{
			[]localserver.Candidate{{Name: "Ollama", BaseURL: srv.URL}},
			"no model is configured: Ollama answers on this machine: set OPENAI_BASE_URL=" + srv.URL + " PYGENT_MODEL=llama, or set OPENAI_API_KEY; `pygent demo` works without a model",
		},
	} {
		err := noModel(context.Background(), tt.candidates)
		if !errors.Is(err, agent.ErrAuthRequired) || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}
