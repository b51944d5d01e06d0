package agent

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
)

// States of a session.
const (
	StateIdle        = "idle"
	StateRunning     = "running"
	StateWaiting     = "waiting"     // its last turn asked the user
	StateInterrupted = "interrupted" // its server ended in the middle of a turn
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

// ListSessionsResult is one page of the sessions, the one that was used last
// first.
type ListSessionsResult struct {
	Sessions   []SessionBrief `json:"sessions"`
	NextCursor string         `json:"nextCursor,omitempty" jsonschema:"absent on the last page"`
}

// SessionBrief is a session in a list.
type SessionBrief struct {
	SessionID string    `json:"sessionId"`
	Title     string    `json:"title" jsonschema:"the first line of the first prompt"`
	Root      string    `json:"root" jsonschema:"file URI of the workspace"`
	UpdatedAt time.Time `json:"updatedAt"`
	State     string    `json:"state" jsonschema:"idle, running, waiting or interrupted"`
}

// ListSessions serves session/list. It lists what is kept, by whatever server.
// Sessions of delegated agents, those in which nothing was said or delegated, and
// those that cannot be read are left out.
func (s *Sessions) ListSessions(ctx context.Context, p ListSessionsParams) (ListSessionsResult, error) {
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
		root = runtime.RealPath(root) // as sessions name theirs
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

// brief reads the two ends of a session's journal; ok is false for one that is
// not listed, as those of other workspaces than root are where it is given.
func (s *Sessions) brief(entry journal.Entry, root string) (b SessionBrief, ok bool) {
	r, err := s.opts.Store.Reader(entry.ID)
	if err != nil {
		return b, false
	}
	defer func() { _ = r.Close() }() // it was only read
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
	state, err := stateOf(r.Back)
	if err != nil {
		return b, false
	}
	if state == StateInterrupted && s.worksIn(entry.ID) {
		state = StateRunning
	}
	return SessionBrief{
		SessionID: entry.ID, Title: title(h, head), Root: s.uri(h.Root), UpdatedAt: entry.Modified, State: state,
	}, true
}

// worksIn tells whether a turn that has no end yet runs somewhere.
func (s *Sessions) worksIn(id string) bool {
	s.mu.Lock()
	ses := s.byID[id]
	s.mu.Unlock()
	if ses != nil {
		return ses.busy()
	}
	return s.opts.Store.InUse(id)
}

// stateOf reads a session's state off the end of its journal, as if nobody
// worked in it.
func stateOf(back func(func(journal.Line) bool) error) (string, error) {
	state := StateIdle
	err := back(func(l journal.Line) bool {
		var e struct{ Kind, TurnID, Status string }
		if json.Unmarshal(l.Data, &e) != nil {
			return true
		}
		switch {
		case e.Kind == KindTurnFinished && e.Status == StatusWaiting:
			state = StateWaiting
		case e.Kind == KindTurnFinished, e.Kind == KindRewound:
		case e.TurnID == "", e.Kind == KindReverted:
			return true // it may stand anywhere
		default:
			state = StateInterrupted
		}
		return false
	})
	return state, err
}

// worked tells whether a turn has begun in a session: editors make one at every
// start. A line that cannot be read counts.
func worked(id string, head journal.Page) bool {
	return slices.ContainsFunc(head.Lines, func(l journal.Line) bool {
		e, ok := decodeEvent(id, l)
		return !ok || e.TurnID != ""
	})
}

// title is a line that a person can tell the session by.
func title(h journal.Header, head journal.Page) string {
	text := h.Name
	for _, l := range head.Lines {
		if text != "" {
			break
		}
		if e, _ := decodeEvent(h.SessionID, l); e.Kind == KindMessage && e.Role == RoleUser {
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

// before tells whether entry stands on a later page. The zero cursor is before
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
		return cursor{}, &runtime.InvalidError{Field: "cursor", Reason: "is none that session/list gave"}
	}
	return cursor{at, id}, nil
}
