package chat

import (
	"context"
	"regexp"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/pygent/pygent/rpc"
)

// mostFound is the largest number of paths to choose from.
const mostFound = 8

// openMention is a path that the user types at the end of the input.
var openMention = regexp.MustCompile(`(?:^|\s)@("[^"\n]*|[^\s"]*)$`)

// found are the paths for a query.
type found struct {
	query string
	files []foundFile
	err   error
}

type foundFile struct {
	Path string `json:"path"`
	Kind string `json:"kind"` // file, dir or link
}

// query returns the path that the user types. ok is false when it is none.
func (m *screen) query() (query string, ok bool) {
	if m.answering() || !m.talk.serves(rpc.MethodFindFiles) {
		return "", false
	}
	at := openMention.FindStringSubmatch(m.input.Value())
	if at == nil {
		return "", false
	}
	return strings.TrimPrefix(at[1], `"`), true
}

// find looks for the path that the user types, one query at a time.
func (m *screen) find() tea.Cmd {
	query, ok := m.query()
	if !ok || m.finding || m.found.files != nil && m.found.query == query {
		return nil
	}
	m.finding = true
	return func() tea.Msg {
		files, err := m.talk.find(m.ctx, query)
		return found{query, files, err}
	}
}

// foundFiles shows what was found, and looks again if the user has typed on.
func (m *screen) foundFiles(f found) tea.Cmd {
	m.finding = false
	if f.err != nil {
		return nil // the path can still be typed
	}
	m.found = f
	return m.find()
}

// paths returns the paths for what the user types.
func (m *screen) paths() []foundFile {
	if query, ok := m.query(); !ok || m.found.query != query {
		return nil
	}
	return m.found.files
}

// completePath puts the best path into the input. It reports whether there was one.
func (m *screen) completePath() bool {
	files := m.paths()
	if len(files) == 0 {
		return false
	}
	text := m.input.Value()
	at := openMention.FindStringSubmatchIndex(text)
	name, end := files[0].Path, " "
	if files[0].Kind == "dir" {
		name, end = strings.TrimSuffix(name, "/")+"/", ""
	}
	if strings.ContainsAny(name, " \t") {
		name = `"` + name
		if end != "" {
			end = `" `
		}
	}
	m.input.SetValue(text[:at[2]] + name + end)
	return true
}

// find asks the server for paths of the workspace.
func (t *talk) find(ctx context.Context, query string) ([]foundFile, error) {
	id, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	params := struct {
		SessionID string `json:"sessionId"`
		Query     string `json:"query"`
		Limit     int    `json:"limit"`
	}{id, query, mostFound}
	res := struct {
		Files []foundFile `json:"files"`
	}{Files: []foundFile{}}
	err = t.client.Call(ctx, rpc.MethodFindFiles, params, &res)
	return res.Files, err
}
