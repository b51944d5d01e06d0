// Package localserver finds model servers on this machine, so that Pygent can name a
// running one to a user without a key. It asks ports of 127.0.0.1 for their models,
// without a proxy and without following redirects, and sends no data of the user. It must
// not know settings or models' replies.
package localserver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Limits of one request.
const (
	timeout   = time.Second
	maxAnswer = 1 << 20
	maxModels = 100
)

// Candidate is a place where a server may listen.
type Candidate struct {
	Name    string // of the server that listens there by default
	BaseURL string // of its OpenAI-compatible endpoint
}

// Known returns the default addresses of the usual servers.
func Known() []Candidate {
	return []Candidate{
		{"Ollama", "http://127.0.0.1:11434/v1"},
		{"LM Studio", "http://127.0.0.1:1234/v1"},
		{"llama.cpp", "http://127.0.0.1:8080/v1"},
		{"vLLM", "http://127.0.0.1:8000/v1"},
	}
}

// Server is a server that answered with a list of models.
type Server struct {
	Name    string   `json:"name"` // the program that usually listens there
	BaseURL string   `json:"baseUrl"`
	Models  []string `json:"models"` // names that need no quoting in a shell; at most 100
}

// Setting returns the settings that make Pygent use the server, as shell assignments.
func (s Server) Setting() string {
	text := "OPENAI_BASE_URL=" + s.BaseURL
	if len(s.Models) > 0 {
		text += " PYGENT_MODEL=" + s.Models[0]
	}
	return text
}

// Find asks all candidates at once and returns those that answer, in their order.
func Find(ctx context.Context, candidates []Candidate) []Server {
	client := &http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	found := make([]*Server, len(candidates))
	var asking sync.WaitGroup
	for i, c := range candidates {
		asking.Go(func() {
			if models, err := ask(ctx, client, c.BaseURL); err == nil {
				found[i] = &Server{c.Name, c.BaseURL, models}
			}
		})
	}
	asking.Wait()
	var list []Server
	for _, s := range found {
		if s != nil {
			list = append(list, *s)
		}
	}
	return list
}

var errNoModels = errors.New("it does not list models as OpenAI's API does")

// plainName matches names that need no quoting in a shell. Other names are omitted.
var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$`)

func ask(ctx context.Context, client *http.Client, base string) ([]string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/models", nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var list struct {
		Data *[]struct{ ID string } `json:"data"`
	}
	if resp.StatusCode != http.StatusOK || !strings.Contains(resp.Header.Get("Content-Type"), "json") {
		return nil, errNoModels
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&list); err != nil || list.Data == nil {
		return nil, errNoModels
	}
	models := []string{}
	for _, m := range *list.Data {
		if plainName.MatchString(m.ID) && len(models) < maxModels {
			models = append(models, m.ID)
		}
	}
	return models, nil
}
