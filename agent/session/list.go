package session

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
)

// Bounds of session/list.
const (
	defaultSessions = 50
	maxSessions     = 200
	maxTitle        = 80 // runes
)

// ListSessionsParams are the parameters of session/list.
type ListSessionsParams struct {
	Root   string `json:"root,omitempty" jsonschema:"file URI of a workspace: only its sessions"`
	Limit  int    `json:"limit,omitempty" jsonschema:"default 50, at most 200"`
	Cursor string `json:"cursor,omitempty" jsonschema:"nextCursor of the page before"`
}

// ListSessionsResult is one page of the sessions, the last used first.
type ListSessionsResult struct {
	Sessions   []SessionBrief `json:"sessions"`
	NextCursor string         `json:"nextCursor,omitempty" jsonschema:"absent on the last page"`
}

// SessionBrief is a session in a list.
type SessionBrief struct {
	SessionID string             `json:"sessionId"`
	Title     string             `json:"title" jsonschema:"the first line of the first prompt"`
	Root      string             `json:"root" jsonschema:"file URI of the workspace"`
	UpdatedAt time.Time          `json:"updatedAt"`
	State     event.SessionState `json:"state" jsonschema:"idle, running, waiting or interrupted"`
}

// ListSessions serves session/list. It lists the kept sessions of all servers. It
// leaves out the sessions of delegated agents, those without a prompt or a task,
// and those that cannot be read.
func (s *Manager) ListSessions(ctx context.Context, p ListSessionsParams) (ListSessionsResult, error) {
	res := ListSessionsResult{Sessions: []SessionBrief{}}
	if p.Limit < 0 || p.Limit > maxSessions {
		return res, &runtime.InvalidError{Field: "limit", Reason: fmt.Sprintf("%d: give a number from 1 to %d", p.Limit, maxSessions)}
	}
	from, err := decodeCursor(p.Cursor)
	if err != nil || s.opts.Store == nil {
		return res, err
	}
	root, err := s.rootPath(p.Root)
	if err != nil {
		return res, err
	}
	if root != "" {
		root = runtime.RealPath(root) // the form in which sessions store it
	}
	all, err := s.opts.Store.List()
	if err != nil {
		return res, err
	}
	limit := cmp.Or(p.Limit, defaultSessions)
	for _, entry := range all {
		if !from.before(entry) {
			continue
		}
		if ctx.Err() != nil {
			return res, context.Cause(ctx)
		}
		brief, ok := s.brief(entry, root)
		if !ok {
			continue
		}
		if len(res.Sessions) == limit {
			last := res.Sessions[limit-1]
			res.NextCursor = cursor{last.UpdatedAt.UnixNano(), last.SessionID}.encode()
			break
		}
		res.Sessions = append(res.Sessions, brief)
	}
	return res, nil
}

// brief reads the two ends of a session's journal. ok is false for a session that
// is not listed, as one of another workspace when root is given.
func (s *Manager) brief(entry journal.Entry, root string) (b SessionBrief, ok bool) {
	r, err := s.opts.Store.Reader(entry.ID)
	if err != nil {
		return b, false
	}
	defer func() { _ = r.Close() }() // it was opened for reading only
	h := r.Header()
	if h.TaskID != "" || root != "" && h.Root != root {
		return b, false
	}
	head, err := r.Head(journal.Bounds{Limit: 16})
	if err != nil {
		return b, false
	}
	if !worked(h.SessionID, head) {
		if delegated, err := s.opts.Store.Children(entry.ID); err != nil || len(delegated) == 0 {
			return b, false
		}
	}
	tail, err := conversation.ReadTail(r.Back)
	if err != nil {
		return b, false
	}
	state := tail.State
	if state == event.SessionInterrupted && s.worksIn(entry.ID) {
		state = event.SessionRunning
	}
	return SessionBrief{
		SessionID: entry.ID, Title: title(h, head), Root: s.uri(h.Root), UpdatedAt: entry.Modified, State: state,
	}, true
}

// worksIn reports whether a turn without an end runs in some server.
func (s *Manager) worksIn(id string) bool {
	s.mu.Lock()
	ses := s.byID[id]
	s.mu.Unlock()
	if ses != nil {
		return ses.busy()
	}
	return s.opts.Store.InUse(id)
}

// worked reports whether a turn has begun in a session: editors make a session at
// every start. An unreadable line counts as a turn.
func worked(id string, head journal.Page) bool {
	return slices.ContainsFunc(head.Lines, func(l journal.Line) bool {
		e, ok := conversation.Decode(id, l)
		return !ok || e.TurnID != ""
	})
}

// title returns a line by which a person recognises the session.
func title(h journal.Header, head journal.Page) string {
	text := h.Name
	for _, l := range head.Lines {
		if text != "" {
			break
		}
		if e, _ := conversation.Decode(h.SessionID, l); e.Kind == event.KindMessage && e.Role == event.RoleUser {
			text = strings.TrimSpace(e.Text)
		}
	}
	text, _, _ = strings.Cut(text, "\n")
	runes := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)))
	if len(runes) > maxTitle {
		runes = append(runes[:maxTitle-1], '…')
	}
	return string(runes)
}

// cursor is the last session of a page.
type cursor struct {
	nano int64
	id   string
}

// before reports whether entry belongs to a later page. The zero cursor is before
// all.
func (c cursor) before(entry journal.Entry) bool {
	at := entry.Modified.UnixNano()
	return c.id == "" || at < c.nano || at == c.nano && entry.ID > c.id
}

func (c cursor) encode() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(c.nano, 10) + " " + c.id))
}

func decodeCursor(text string) (cursor, error) {
	if text == "" {
		return cursor{}, nil
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	nano, id, ok := strings.Cut(string(data), " ")
	at, bad := strconv.ParseInt(nano, 10, 64)
	if err != nil || bad != nil || !ok || id == "" {
		return cursor{}, &runtime.InvalidError{Field: "cursor", Reason: "is not one from session/list"}
	}
	return cursor{at, id}, nil
}
