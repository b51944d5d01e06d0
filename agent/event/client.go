package event

import "context"

// Client watches a session and answers its questions: an editor behind the
// protocol, the terminal chat, or Discard.
type Client interface {
	// Event delivers e. Events of a session arrive in order. Adjacent deltas may
	// be merged; no event is dropped while the client lives. Event blocks while
	// the client is slow, until ctx ends or the server gives the client up.
	Event(ctx context.Context, e Event)

	// RequestApproval waits for the user's decision. A client without a user
	// denies.
	RequestApproval(ctx context.Context, a Approval) (Decision, error)

	// AskUser waits for the user's answer. ok is false when the client cannot
	// ask: the turn then ends with the question.
	AskUser(ctx context.Context, q Question) (a Answer, ok bool, err error)
}

// Discard is a Client without a user: it drops events and denies.
type Discard struct{}

// Event drops e.
func (Discard) Event(context.Context, Event) {}

// RequestApproval denies.
func (Discard) RequestApproval(context.Context, Approval) (Decision, error) {
	return Decision{Decision: DecisionDeny, Feedback: "nobody is there to ask"}, nil
}

// AskUser cannot ask.
func (Discard) AskUser(context.Context, Question) (Answer, bool, error) { return Answer{}, false, nil }
