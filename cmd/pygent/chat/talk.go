package chat

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/rpc/wire"
)

// endTimeout bounds the shutdown of the server.
const endTimeout = 6 * time.Second

// talk is the common part of Screen and Lines: the connection and the current session. Its
// methods are safe for concurrent use.
type talk struct {
	client  *rpc.Client
	server  rpc.InitializeResult
	about   rpc.PygentServer
	root    string // the workspace's path
	version string

	first string // model of new sessions

	mu      sync.Mutex
	session string // "" until it is needed
	mode    event.Mode
	model   string
}

// connect opens the connection and initializes it.
func connect(ctx context.Context, o Options, h rpc.Handlers) (*talk, error) {
	t := &talk{client: rpc.NewClient(o.Conn, h), root: o.Root, version: o.Version, mode: event.Mode(o.Mode), first: o.Model, model: o.Model}
	params := rpc.InitializeParams{
		ClientInfo: &rpc.ClientInfo{Name: "pygent chat", Version: o.Version},
		RootURI:    rpc.URIOfPath(o.Root),
		Capabilities: rpc.ClientCapabilities{Experimental: &rpc.ExperimentalClient{
			Pygent: &rpc.PygentClient{Approvals: true, AskUser: true},
		}},
	}
	err := t.client.Call(ctx, rpc.MethodInitialize, params, &t.server)
	if err == nil {
		err = t.client.Notify(ctx, rpc.MethodInitialized, nil)
	}
	if err != nil {
		return nil, errors.Join(err, t.client.Close())
	}
	t.about = t.server.Capabilities.Experimental.Pygent
	t.mode = cmp.Or(t.mode, approval.DefaultMode(t.about.Runtime.Sandbox))
	return t, nil
}

// close shuts the server down and closes the connection.
func (t *talk) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	err := t.client.Call(ctx, rpc.MethodShutdown, nil, nil)
	if err == nil {
		err = t.client.Notify(ctx, rpc.MethodExit, nil)
	}
	if errors.Is(err, wire.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		err = nil // the server has already ended
	}
	_ = t.client.Close() // an error does not matter: the server is gone
	return err
}

// serves reports whether the server has a method.
func (t *talk) serves(method string) bool {
	return method == "" || slices.Contains(t.about.Methods, method)
}

// state returns the session's id ("" before the first use), its mode and its model.
func (t *talk) state() (id string, mode event.Mode, model string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.session, t.mode, t.model
}

// follow takes over the session's settings from an event.
func (t *talk) follow(e event.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Kind != event.KindConfigured || e.SessionID != t.session {
		return
	}
	if e.Mode != "" {
		t.mode = e.Mode
	}
	if e.Model != "" {
		t.model = e.Model
	}
}

// open returns the session's id. The first call makes a session.
func (t *talk) open(ctx context.Context) (string, error) {
	if id, _, _ := t.state(); id != "" {
		return id, nil
	}
	return t.renew(ctx)
}

// renew changes to a new session.
func (t *talk) renew(ctx context.Context) (string, error) {
	var made session.NewSessionResult
	if err := t.client.Call(ctx, rpc.MethodSessionNew, session.NewSessionParams{}, &made); err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.session, t.mode, t.model = made.SessionID, made.Mode, t.first
	return t.session, nil
}

// step sends a message to the session and waits for the end of the turn. A running turn
// gets the message before its next model round.
func (t *talk) step(ctx context.Context, text string) (res session.StepResult, err error) {
	id, err := t.open(ctx)
	if err != nil {
		return res, err
	}
	err = t.client.Call(ctx, rpc.MethodStep, session.StepParams{SessionID: id, Prompt: text, IfBusy: "steer"}, &res)
	return res, err
}

// interrupt cancels the running turn. The turn still answers.
func (t *talk) interrupt(ctx context.Context) error {
	id, _, _ := t.state()
	if id == "" {
		return nil
	}
	return t.client.Call(ctx, rpc.MethodInterrupt, session.InterruptParams{SessionID: id}, nil)
}

// explain returns an error's text for the user.
func explain(err error) string {
	var e *rpc.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	if e.Data != nil && e.Data.Hint != "" {
		return fmt.Sprintf("%s: %s", e.Message, e.Data.Hint)
	}
	return e.Message
}

func decode[T any](params json.RawMessage) (v T, err error) {
	err = json.Unmarshal(params, &v)
	return v, err
}
