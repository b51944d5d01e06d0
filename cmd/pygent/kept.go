package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

// kept reads the stored sessions without a server.
type kept struct {
	store    *journal.Store
	sessions *session.Manager
}

func openKept(ctx context.Context) (*kept, error) {
	store, err := sessionStore()
	if err != nil {
		return nil, &exitError{exitFailed, err}
	}
	return &kept{store, session.NewManager(ctx, session.Options{
		Store:     store,
		URIOfPath: func(path string) string { return path }, // a path is easier to read
	})}, nil
}

// keptItem is a session or a task in a list.
type keptItem struct {
	ID        string    `json:"id"` // of the session or the task
	SessionID string    `json:"sessionId"`
	ParentID  string    `json:"parentSessionId,omitempty"` // of a task
	State     string    `json:"state"`
	Status    string    `json:"status,omitempty"` // of a task: why it ended
	Title     string    `json:"title"`
	Root      string    `json:"root"` // path of the workspace
	UpdatedAt time.Time `json:"updatedAt"`
}

// collection is one kind of stored items: sessions or tasks.
type collection struct {
	noun    string
	list    func(ctx context.Context, k *kept, limit int) ([]keptItem, error) // newest first; 0 means no limit
	session func(ctx context.Context, k *kept, id string) (string, error)     // the id of the item's session
}

// sessionsKept are the stored sessions of users.
func sessionsKept() collection {
	return collection{
		noun: "session",
		list: func(ctx context.Context, k *kept, limit int) ([]keptItem, error) {
			var items []keptItem
			for p := (session.ListSessionsParams{}); ; {
				page, err := k.sessions.ListSessions(ctx, p)
				if err != nil {
					return nil, err
				}
				for _, b := range page.Sessions {
					if limit > 0 && len(items) == limit {
						return items, nil
					}
					items = append(items, keptItem{ID: b.SessionID, SessionID: b.SessionID, State: string(b.State), Title: b.Title, Root: b.Root, UpdatedAt: b.UpdatedAt})
				}
				if p.Cursor = page.NextCursor; p.Cursor == "" {
					return items, nil
				}
			}
		},
		session: func(_ context.Context, _ *kept, id string) (string, error) { return id, nil },
	}
}

// tasksKept are the stored sessions of delegated agents, by the ids of their tasks.
func tasksKept() collection {
	c := collection{noun: "task", list: listTasks}
	c.session = func(ctx context.Context, k *kept, id string) (string, error) {
		all, err := k.sessions.DelegatedSessions(ctx)
		for _, child := range all {
			if child.Header.TaskID == id {
				return child.Header.SessionID, nil
			}
		}
		if err == nil {
			err = fmt.Errorf("task %.200q does not exist: pygent tasks lists them", id)
		}
		return "", err
	}
	return c
}

func listTasks(ctx context.Context, k *kept, limit int) ([]keptItem, error) {
	all, err := k.sessions.DelegatedSessions(ctx)
	if err != nil {
		return nil, err
	}
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	var items []keptItem
	for i, r := range tasks.RestoredOf(all) {
		h := all[i].Header
		item := keptItem{
			ID: r.TaskID, SessionID: r.SessionID, ParentID: h.ParentSessionID,
			State: string(r.Outcome.State), Title: r.Name, Root: h.Root, UpdatedAt: r.EndedAt,
		}
		if r.Outcome.Err != nil {
			item.Status = r.Outcome.Err.Error()
		}
		if item.Title == "" {
			item.Title = term.Line(r.Prompt, 80)
		}
		if k.store.InUse(r.SessionID) {
			item.State = string(event.SessionRunning)
		}
		items = append(items, item)
	}
	return items, nil
}

// remove deletes the items with the ids. An error does not stop it.
func (c collection) remove(ctx context.Context, k *kept, std streams, ids []string) error {
	var errs []error
	for _, id := range ids {
		journal, err := c.session(ctx, k, id)
		if err == nil {
			err = k.sessions.Delete(ctx, journal)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Fprintf(std.out, "deleted %s\n", id)
	}
	return failed(errors.Join(errs...))
}

// export writes a session to a file, or to stdout for "". On a terminal it escapes control
// characters.
func (c collection) export(ctx context.Context, k *kept, std streams, o exportOptions) error {
	id, err := c.session(ctx, k, o.id)
	if err != nil {
		return failed(err)
	}
	res, err := k.sessions.ExportSession(ctx, session.ExportParams{SessionID: id, Format: o.format})
	if err != nil {
		return failed(err)
	}
	if o.file != "" {
		return failed(os.WriteFile(o.file, []byte(res.Content), 0o600))
	}
	if o.safe || isTerminal(std.out) {
		res.Content = term.Safe(res.Content)
	}
	_, err = fmt.Fprint(std.out, res.Content)
	return failed(err)
}

// exportOptions configure export.
type exportOptions struct {
	id, format, file string
	safe             bool // escape control characters, for a terminal
}

func failed(err error) error {
	var invalid *runtime.InvalidError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &invalid):
		return &exitError{exitUsage, err}
	}
	return &exitError{exitFailed, err}
}
