package agent

import (
	"context"
	"slices"
	"sync"
)

// Broker knows what the user is being asked. A question has two ways to its
// answer: the client's own, and Respond; the first one counts. It is safe for
// concurrent use; the zero value is ready. All agents of a connection share one.
type Broker struct {
	mu   sync.Mutex
	open []*openRequest // oldest first
}

// openRequest is a question without an answer.
type openRequest struct {
	PendingRequest
	parent string        // the session that delegates to the one which asks, "" for none
	reply  chan Response // takes one
}

// PendingRequest is something that waits for the user.
type PendingRequest struct {
	RequestKey string    `json:"requestKey"`
	SessionID  string    `json:"sessionId"`
	Kind       string    `json:"kind" jsonschema:"approval or question"`
	Approval   *Approval `json:"approval,omitempty"`
	Question   *Question `json:"question,omitempty"`
}

func pendingApproval(a Approval) PendingRequest {
	return PendingRequest{RequestKey: a.RequestKey, SessionID: a.SessionID, Kind: "approval", Approval: &a}
}

func pendingQuestion(q Question) PendingRequest {
	return PendingRequest{RequestKey: q.RequestKey, SessionID: q.SessionID, Kind: "question", Question: &q}
}

// Response answers a PendingRequest: a decision for an approval, the rest for a
// question.
type Response struct {
	Decision  string `json:"decision,omitempty" jsonschema:"approval: allow, allowForSession, deny or cancelTurn"`
	Feedback  string `json:"feedback,omitempty" jsonschema:"approval: what the model is told beside it"`
	Answer    string `json:"answer,omitempty" jsonschema:"question: the answer"`
	Cancelled bool   `json:"cancelled,omitempty" jsonschema:"question: the user gave none"`
}

// put lists a question of a session, or of an agent that the session parent has
// delegated to. Its one asker must call drop.
func (b *Broker) put(p PendingRequest, parent string) *openRequest {
	r := &openRequest{PendingRequest: p, parent: parent, reply: make(chan Response, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = append(b.open, r)
	return r
}

func (b *Broker) drop(r *openRequest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = slices.DeleteFunc(b.open, func(o *openRequest) bool { return o == r })
}

// pending lists what waits, the oldest first; a session's id selects what it and
// its delegated agents ask.
func (b *Broker) pending(sessionID string) []PendingRequest {
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

// respond answers the question of that key. ok is false when none waits.
func (b *Broker) respond(key string, check func(PendingRequest) error, answer Response) (p PendingRequest, ok bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.open, func(r *openRequest) bool { return r.RequestKey == key })
	if i < 0 {
		return PendingRequest{}, false, nil
	}
	r := b.open[i]
	if err := check(r.PendingRequest); err != nil {
		return r.PendingRequest, true, err
	}
	r.reply <- answer // there is room: it is off the list at once
	b.open = slices.Delete(b.open, i, i+1)
	return r.PendingRequest, true, nil
}

// first waits for the client or for Respond, and withdraws the question from the
// client when the latter was faster.
func first[T any](ctx context.Context, r *openRequest, client func(context.Context) (T, error), read func(Response) T) (T, error) {
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
