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

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/rpc"
)

// endTimeout bounds the goodbye to the server.
const endTimeout = 6 * time.Second

// talk is what both faces share: the connection, and the session that is talked
// in. Its methods may be called from several goroutines.
type talk struct {
	client  *rpc.Client
	server  rpc.InitializeResult
	about   rpc.PygentServer
	root    string // the workspace's path
	version string

	first string // the model that sessions begin with

	mu      sync.Mutex
	session string // "" until it is needed
	mode    string
	model   string
}

// connect opens the connection and shakes hands.
func connect(ctx context.Context, o Options, h rpc.Handlers) (*talk, error) {
	t := &talk{client: rpc.NewClient(o.Conn, h), root: o.Root, version: o.Version, mode: o.Mode, first: o.Model, model: o.Model}
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
	t.mode = cmp.Or(t.mode, agent.DefaultMode(t.about.Runtime.Sandbox))
	return t, nil
}

// close ends what runs and the connection.
func (t *talk) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	err := t.client.Call(ctx, rpc.MethodShutdown, nil, nil)
	if err == nil {
		err = t.client.Notify(ctx, rpc.MethodExit, nil)
	}
	if errors.Is(err, rpc.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		err = nil // the server was faster, or told to end
	}
	_ = t.client.Close() // what could not be written goes to a server that is gone
	return err
}

// serves reports whether the server has a method.
func (t *talk) serves(method string) bool {
	return method == "" || slices.Contains(t.about.Methods, method)
}

// state is the session's id, "" before the first use, its mode and its model.
func (t *talk) state() (id, mode, model string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.session, t.mode, t.model
}

// follow takes note of what an event tells of the session's settings.
func (t *talk) follow(e agent.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Kind != agent.KindConfigured || e.SessionID != t.session {
		return
	}
	if e.Mode != "" {
		t.mode = e.Mode
	}
	if e.Model != "" {
		t.model = e.Model
	}
}

// open is the session's id; a session is made at first use.
func (t *talk) open(ctx context.Context) (string, error) {
	if id, _, _ := t.state(); id != "" {
		return id, nil
	}
	return t.renew(ctx)
}

// renew makes a new session the one that is talked in.
func (t *talk) renew(ctx context.Context) (string, error) {
	var made agent.NewSessionResult
	if err := t.client.Call(ctx, rpc.MethodSessionNew, agent.NewSessionParams{}, &made); err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.session, t.mode, t.model = made.SessionID, made.Mode, t.first
	return t.session, nil
}

// step says text in the session and waits for the end of the turn. What is said
// to a running turn is heard before its next model round.
func (t *talk) step(ctx context.Context, text string) (res agent.StepResult, err error) {
	id, err := t.open(ctx)
	if err != nil {
		return res, err
	}
	err = t.client.Call(ctx, rpc.MethodStep, agent.StepParams{SessionID: id, Prompt: text, IfBusy: "steer"}, &res)
	return res, err
}

// interrupt ends the running turn; its answer still comes.
func (t *talk) interrupt(ctx context.Context) error {
	id, _, _ := t.state()
	if id == "" {
		return nil
	}
	return t.client.Call(ctx, rpc.MethodInterrupt, agent.InterruptParams{SessionID: id}, nil)
}

// explain is an error as the user reads it.
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
