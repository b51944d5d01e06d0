package session

import (
	"cmp"
	"context"
	"fmt"

	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
)

// Bounds of a page of events. A page has at least one event, however long that
// is.
const (
	defaultEvents = 200
	maxEvents     = 1000
	maxPageBytes  = 4 << 20
)

// SessionEventsParams are the parameters of session/events.
type SessionEventsParams struct {
	SessionID string `json:"sessionId"`
	AfterSeq  int64  `json:"afterSeq,omitempty" jsonschema:"0 is the beginning"`
	Limit     int    `json:"limit,omitempty" jsonschema:"default 200, at most 1000; a page has at most about 4 MiB"`
}

// EventsPage is a run of consecutive events of a session.
type EventsPage struct {
	Events  []event.Event `json:"events"`
	LastSeq int64         `json:"lastSeq" jsonschema:"of the session"`
	More    bool          `json:"more" jsonschema:"more events follow the page"`
}

// SessionEvents serves session/events, also for a session that is not open or is
// open in another server. Events are as they were sent; the three kinds of delta
// are not kept.
func (s *Manager) SessionEvents(_ context.Context, p SessionEventsParams) (EventsPage, error) {
	switch {
	case p.AfterSeq < 0:
		return EventsPage{}, &runtime.InvalidError{Field: "afterSeq", Reason: "is negative"}
	case p.Limit < 0 || p.Limit > maxEvents:
		return EventsPage{}, &runtime.InvalidError{Field: "limit", Reason: fmt.Sprintf("%d: give a number from 1 to %d", p.Limit, maxEvents)}
	}
	var page journal.Page
	err := s.read(p.SessionID, func(r reading) (err error) {
		page, err = r.Page(p.AfterSeq, journal.Bounds{Limit: cmp.Or(p.Limit, defaultEvents), Bytes: maxPageBytes})
		return err
	})
	if err != nil {
		return EventsPage{}, err
	}
	res := EventsPage{Events: make([]event.Event, 0, len(page.Lines)), LastSeq: page.LastSeq, More: page.More}
	for _, l := range page.Lines {
		e, _ := conversation.Decode(p.SessionID, l)
		res.Events = append(res.Events, e)
	}
	return res, nil
}
