package approval

import (
	"context"
	"slices"
	"sync"

	"github.com/pygent/pygent/agent/event"
)

// Broker holds the open questions to the user. A question can be answered by the
// client or through Respond; the first answer counts. It is safe for concurrent
// use; the zero value is ready. All agents of a connection share one.
type Broker struct {
	mu   sync.Mutex
	open []*Request // oldest first
}

// Request is an open question.
type Request struct {
	PendingRequest
	parent string        // of the asking session, "" for none
	reply  chan Response // has room for one
}

// PendingRequest is an open question to the user.
type PendingRequest struct {
	RequestKey string          `json:"requestKey"`
	SessionID  string          `json:"sessionId"`
	Kind       string          `json:"kind" jsonschema:"approval or question"`
	Approval   *event.Approval `json:"approval,omitempty"`
	Question   *event.Question `json:"question,omitempty"`
}

// PendingApproval makes the open question of an approval.
func PendingApproval(a event.Approval) PendingRequest {
	return PendingRequest{RequestKey: a.RequestKey, SessionID: a.SessionID, Kind: "approval", Approval: &a}
}

// PendingQuestion makes the open question q.
func PendingQuestion(q event.Question) PendingRequest {
	return PendingRequest{RequestKey: q.RequestKey, SessionID: q.SessionID, Kind: "question", Question: &q}
}

// Response answers a PendingRequest: a decision for an approval, the rest for a
// question.
type Response struct {
	Decision  event.Choice `json:"decision,omitempty" jsonschema:"approval: allow, allowForSession, deny or cancelTurn"`
	Feedback  string       `json:"feedback,omitempty" jsonschema:"approval: a remark for the model, sent with the decision"`
	Answer    string       `json:"answer,omitempty" jsonschema:"question: the answer"`
	Cancelled bool         `json:"cancelled,omitempty" jsonschema:"question: the user gave none"`
}

// Put adds a question of a session. parent is the session that delegated to it,
// "" for none. The caller must call Drop.
func (b *Broker) Put(p PendingRequest, parent string) *Request {
	r := &Request{PendingRequest: p, parent: parent, reply: make(chan Response, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = append(b.open, r)
	return r
}

func (b *Broker) Drop(r *Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = slices.DeleteFunc(b.open, func(o *Request) bool { return o == r })
}

// Pending lists the open questions, the oldest first. A session's id selects
// those of the session and of its delegated agents.
func (b *Broker) Pending(sessionID string) []PendingRequest {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []PendingRequest
	for _, r := range b.open {
		if sessionID == "" || r.SessionID == sessionID || r.parent == sessionID {
			list = append(list, r.PendingRequest)
		}
	}
	return list
}

// Respond answers the question with this key. ok is false when no such question
// is open.
func (b *Broker) Respond(key string, check func(PendingRequest) error, answer Response) (p PendingRequest, ok bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.open, func(r *Request) bool { return r.RequestKey == key })
	if i < 0 {
		return PendingRequest{}, false, nil
	}
	r := b.open[i]
	if err := check(r.PendingRequest); err != nil {
		return r.PendingRequest, true, err
	}
	r.reply <- answer // there is room: the request leaves the list here
	b.open = slices.Delete(b.open, i, i+1)
	return r.PendingRequest, true, nil
}

// First waits for the client or for Respond. When Respond is first, the client's
// question is withdrawn.
func First[T any](ctx context.Context, r *Request, client func(context.Context) (T, error), read func(Response) T) (T, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := client(ctx)
		done <- result{value, err}
	}()
	select {
	case res := <-done:
		return res.value, res.err
	case answer := <-r.reply:
		cancel()
		<-done
		return read(answer), nil
	}
}
