package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"go.uber.org/zap"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/rpc/wire"
	"github.com/pygent/pygent/tasks"
)

// maxAsks limits the requests that the client has not answered, including cancelled
// ones. Above it, requests are denied at once.
const maxAsks = 64

// Peer is the client at the other end of a connection. It implements event.Client.
//
// Delivery: events and task changes arrive in the order of the calls. Adjacent deltas
// may be merged; nothing else is dropped while the client lives.
type Peer struct {
	log  *zap.Logger
	open sync.WaitGroup // unanswered requests to the client

	mu   sync.Mutex
	conn *wire.Conn // nil when not connected
	can  abilities
	asks int
	late int // how many diagnostics in a row came too late
}

var (
	_ event.Client    = (*Peer)(nil)
	_ event.Diagnoser = (*Peer)(nil)
)

func (p *Peer) attach(conn *wire.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn = conn
}

// detach makes the peer drop events and deny requests, and waits for the unanswered
// requests. The connection is closed before, which fails them.
func (p *Peer) detach() {
	p.mu.Lock()
	p.conn, p.can = nil, abilities{}
	p.mu.Unlock()
	p.open.Wait()
}

// enable sets the client's capabilities.
func (p *Peer) enable(can abilities) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.can = can
}

func (p *Peer) connection() *wire.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn
}

// Event sends e. It blocks while the queue is full. When ctx or the connection ends
// meanwhile, e is lost.
func (p *Peer) Event(ctx context.Context, e event.Event) {
	conn := p.connection()
	if conn == nil {
		return
	}
	var err error
	if e.Live() {
		err = conn.Delta(ctx, e.Delta,
			func(params any) bool { last, ok := params.(*event.Event); return ok && continues(last, &e) },
			func() wire.Delta {
				first := e
				return wire.Delta{Method: MethodEvent, Params: &first, Text: &first.Delta}
			})
	} else {
		err = conn.Notify(ctx, MethodEvent, e)
	}
	p.lost(MethodEvent, err)
}

// continues reports whether the text of next can be appended to that of last.
func continues(last, next *event.Event) bool {
	return last.Kind == next.Kind && last.SessionID == next.SessionID && last.TurnID == next.TurnID &&
		last.TaskID == next.TaskID && last.CallID == next.CallID
}

// TaskChanged sends a task's new state. It blocks as Event does.
func (p *Peer) TaskChanged(ctx context.Context, t tasks.Task) {
	if conn := p.connection(); conn != nil {
		p.lost(MethodTaskChanged, conn.Notify(ctx, MethodTaskChanged, tasks.Changed{Task: t}))
	}
}

func (p *Peer) lost(method string, err error) {
	if err != nil {
		p.log.Debug("notification to nobody", zap.String("method", method), zap.Error(err))
	}
}

// RequestApproval asks the client with agent/requestApproval, or with a message if the
// client lacks that capability. It denies when the client has neither capability,
// answers with an error or is gone. The only error is context.Cause(ctx).
func (p *Peer) RequestApproval(ctx context.Context, a event.Approval) (event.Decision, error) {
	deny := event.Decision{Decision: event.DecisionDeny, Feedback: "the client cannot ask the user; mode auto would not need to, in a sandbox"}
	switch can := p.capabilities(); {
	case !can.Approvals && can.showMessage:
		return p.approveByMessage(ctx, a)
	case !can.Approvals:
		return deny, nil
	}
	var d event.Decision
	if err := p.ask(ctx, MethodRequestApproval, a, &d); err != nil {
		deny.Feedback = "the client did not answer: " + err.Error()
		return deny, context.Cause(ctx)
	}
	switch d.Decision {
	case event.DecisionAllow, event.DecisionAllowForSession, event.DecisionDeny, event.DecisionCancelTurn:
		return d, nil
	default:
		deny.Feedback = "the client's answer is no decision"
		return deny, nil
	}
}

// AskUser asks the user. ok is false when the client lacks the capability, answers with
// an error or is gone. The only error is context.Cause(ctx).
func (p *Peer) AskUser(ctx context.Context, q event.Question) (a event.Answer, ok bool, err error) {
	if !p.capabilities().AskUser {
		return event.Answer{}, false, nil
	}
	if err := p.ask(ctx, MethodAskUser, q, &a); err != nil {
		return event.Answer{}, false, context.Cause(ctx)
	}
	return a, true, nil
}

// maxLate is how many diagnostics in a row may come too late before the peer stops
// asking for them, because each late answer delays the turn.
const maxLate = 3

// Diagnostics asks the client for the editor's diagnostics of files. It returns nil when
// the client lacks the capability, answers with an error, does not answer before ctx
// ends, or is gone. After maxLate late answers in a row it does not ask again.
func (p *Peer) Diagnostics(ctx context.Context, q event.DiagnosticsParams) []event.Diagnostic {
	if !p.capabilities().Diagnostics {
		return nil
	}
	var found event.DiagnosticsResult
	err := p.ask(ctx, methodDiagnostics, q, &found)
	p.countLate(errors.Is(err, context.DeadlineExceeded))
	if err != nil {
		p.log.Warn("the client gave no diagnostics", zap.Error(err))
		return nil
	}
	return found.Diagnostics
}

// countLate counts diagnostics that came too late.
func (p *Peer) countLate(late bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !late {
		p.late = 0
		return
	}
	if p.late++; p.late == maxLate {
		p.can.Diagnostics = false
	}
}

// Asks reports whether the client answers approvals and questions. Both are false
// before initialize and after the connection.
func (p *Peer) Asks() (approvals, questions bool) {
	can := p.capabilities()
	return can.Approvals, can.AskUser
}

func (p *Peer) capabilities() abilities {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.can
}

// errTooManyAsks is the error of ask above maxAsks or without a connection.
var errTooManyAsks = errors.New("too many questions are open")

// ask sends a request to the client and waits for the answer. When ctx ends, it sends a
// cancel and drops a late answer.
func (p *Peer) ask(ctx context.Context, method string, params, result any) error {
	p.mu.Lock()
	conn := p.conn
	if conn == nil || p.asks >= maxAsks {
		p.mu.Unlock()
		return errTooManyAsks
	}
	p.asks++
	p.open.Add(1)
	p.mu.Unlock()

	call, err := conn.Call(ctx, method, params)
	if err != nil {
		p.answered()
		return err
	}
	// Wait for the answer beyond ctx, so that unanswered requests count. The wait ends
	// at the latest with the connection.
	var raw json.RawMessage
	done := make(chan error, 1)
	go func() {
		defer p.answered()
		done <- call.Wait(context.WithoutCancel(ctx), &raw)
	}()
	select {
	case err := <-done:
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, result)
	case <-ctx.Done():
		p.lost(methodCancel, call.Cancel()) // so that the client closes the question
		return context.Cause(ctx)
	}
}

func (p *Peer) answered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asks--
	p.open.Done()
}
