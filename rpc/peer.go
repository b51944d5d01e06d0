package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
	"go.uber.org/zap"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/tasks"
)

// maxAsks caps the questions that the client has not answered, withdrawn ones
// included; above it, questions are denied at once.
const maxAsks = 64

// Peer is the client at the other end of a connection, as the domain sees it:
// an agent.Client.
//
// Events and changes of tasks arrive in the order of the calls. None but
// adjacent deltas, which may be merged, is dropped while the client lives.
type Peer struct {
	log  *zap.Logger
	open sync.WaitGroup // questions that wait for the client

	mu     sync.Mutex
	conn   *jsonrpc2.Conn // nil when not connected
	out    *outbox
	life   context.Context // of the connection
	can    abilities
	lastID uint64
	asks   int
	late   int // answers with diagnostics in a row that came too late
}

var (
	_ agent.Client    = (*Peer)(nil)
	_ agent.Diagnoser = (*Peer)(nil)
)

func (p *Peer) attach(conn *jsonrpc2.Conn, out *outbox, life context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn, p.out, p.life = conn, out, life
}

// detach ends the peer's part; the connection is closed already, and with it
// every question that waits.
func (p *Peer) detach() {
	p.mu.Lock()
	p.conn, p.out, p.can = nil, nil, abilities{}
	p.mu.Unlock()
	p.open.Wait()
}

// enable sets what the client can be asked.
func (p *Peer) enable(can abilities) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.can = can
}

func (p *Peer) outbox() *outbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out
}

// Event sends e. It blocks while too much is queued, until ctx ends or the
// client is given up; e is lost then.
func (p *Peer) Event(ctx context.Context, e agent.Event) {
	out := p.outbox()
	if out == nil {
		return
	}
	var err error
	if e.Live() {
		err = out.delta(ctx, e)
	} else {
		err = out.notify(ctx, MethodEvent, e)
	}
	p.lost(MethodEvent, err)
}

// TaskChanged tells the client of a task's new state, by the rules of Event.
func (p *Peer) TaskChanged(ctx context.Context, t tasks.Task) {
	if out := p.outbox(); out != nil {
		p.lost(MethodTaskChanged, out.notify(ctx, MethodTaskChanged, tasks.Changed{Task: t}))
	}
}

func (p *Peer) lost(method string, err error) {
	if err != nil {
		p.log.Debug("notification to nobody", zap.String("method", method), zap.Error(err))
	}
}

// RequestApproval asks the client: by its own request, or by a message where it
// has no capability for that. One that cannot be asked, that answers with an error
// or that is gone denies; the error is that of ctx only.
func (p *Peer) RequestApproval(ctx context.Context, a agent.Approval) (agent.Decision, error) {
	deny := agent.Decision{Decision: agent.DecisionDeny, Feedback: "the client cannot ask the user; mode auto would not need to, in a sandbox"}
	switch can := p.capabilities(); {
	case !can.Approvals && can.showMessage:
		return p.approveByMessage(ctx, a)
	case !can.Approvals:
		return deny, nil
	}
	var d agent.Decision
	if err := p.ask(ctx, MethodRequestApproval, a, &d); err != nil {
		deny.Feedback = "the client did not answer: " + err.Error()
		return deny, context.Cause(ctx)
	}
	switch d.Decision {
	case agent.DecisionAllow, agent.DecisionAllowForSession, agent.DecisionDeny, agent.DecisionCancelTurn:
		return d, nil
	}
	deny.Feedback = "the client's answer is no decision"
	return deny, nil
}

// AskUser asks the client. ok is false when it cannot be asked, answers with an
// error or is gone; the error is that of ctx only.
func (p *Peer) AskUser(ctx context.Context, q agent.Question) (a agent.Answer, ok bool, err error) {
	if !p.capabilities().AskUser {
		return agent.Answer{}, false, nil
	}
	if err := p.ask(ctx, MethodAskUser, q, &a); err != nil {
		return agent.Answer{}, false, context.Cause(ctx)
	}
	return a, true, nil
}

// maxLate is how many diagnostics in a row may come too late before the client is
// not asked for them any more: each time costs a turn as long as it waits.
const maxLate = 3

// Diagnostics asks the client's editor what is wrong with files. There is nothing
// when it has no capability for that, answers with an error, lets ctx end, or is
// gone. A client that has let ctx end maxLate times in a row is not asked again.
func (p *Peer) Diagnostics(ctx context.Context, q agent.DiagnosticsParams) []agent.Diagnostic {
	if !p.capabilities().Diagnostics {
		return nil
	}
	var found agent.DiagnosticsResult
	err := p.ask(ctx, methodDiagnostics, q, &found)
	p.countLate(errors.Is(err, context.DeadlineExceeded))
	if err != nil {
		p.log.Warn("the client gave no diagnostics", zap.Error(err))
		return nil
	}
	return found.Diagnostics
}

// countLate notes whether diagnostics came too late.
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

// Asks tells whether the client has said that it takes approvals, and questions
// to the user. It has not before initialize, and can nothing when it is gone.
func (p *Peer) Asks() (approvals, questions bool) {
	can := p.capabilities()
	return can.Approvals, can.AskUser
}

func (p *Peer) capabilities() abilities {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.can
}

// errTooManyAsks denies without asking.
var errTooManyAsks = errors.New("too many questions are open")

// ask calls the client and waits for the answer. When ctx ends, the question is
// withdrawn with a cancel, and a late answer is dropped.
func (p *Peer) ask(ctx context.Context, method string, params, result any) error {
	p.mu.Lock()
	conn, out, life := p.conn, p.out, p.life
	if conn == nil || p.asks >= maxAsks {
		p.mu.Unlock()
		return errTooManyAsks
	}
	p.asks++
	p.open.Add(1)
	p.lastID++
	id := p.lastID
	p.mu.Unlock()

	waiter, err := conn.DispatchCall(ctx, method, params, jsonrpc2.PickID(jsonrpc2.ID{Num: id}))
	if err != nil {
		p.answered()
		return err
	}
	// The answer is waited for beyond ctx, so that unanswered questions count.
	// It ends at the latest with the connection, which closes with life.
	var raw json.RawMessage
	done := make(chan error, 1)
	go func() {
		defer p.answered()
		done <- waiter.Wait(context.WithoutCancel(life), &raw)
	}()
	select {
	case err := <-done:
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, result)
	case <-ctx.Done():
		frame, err := encodeNotification(methodCancel, cancelCall{ID: id})
		if err == nil {
			err = out.push(frame) // not held up: the user should not answer in vain
		}
		p.lost(methodCancel, err)
		return context.Cause(ctx)
	}
}

// cancelCall withdraws a call of ours.
type cancelCall struct {
	ID uint64 `json:"id"`
}

func (p *Peer) answered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asks--
	p.open.Done()
}
