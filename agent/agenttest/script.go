package agenttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pygent/pygent/agent"
)

// ChatFunc is the signature of agent.Model's one method.
type ChatFunc = func(ctx context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error)

// Func makes a Model of a function.
type Func ChatFunc

// Chat calls f.
func (f Func) Chat(ctx context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
	return f(ctx, req, emit)
}

// ScriptedModel is a Model that answers its n-th call with the n-th entry of
// its script. It is safe for concurrent use.
type ScriptedModel struct {
	turns []ChatFunc

	mu       sync.Mutex
	requests []agent.Request
}

// Script makes a ScriptedModel. An entry is an [agent.Reply], an error, or a
// [ChatFunc]; anything else panics. A call beyond the last entry fails.
func Script(entries ...any) *ScriptedModel {
	m := &ScriptedModel{}
	for i, e := range entries {
		switch e := e.(type) {
		case agent.Reply:
			m.turns = append(m.turns, say(e))
		case ChatFunc:
			m.turns = append(m.turns, e)
		case Func:
			m.turns = append(m.turns, ChatFunc(e))
		case error:
			m.turns = append(m.turns, func(context.Context, agent.Request, func(agent.Delta)) (agent.Reply, error) {
				return agent.Reply{}, e
			})
		default:
			panic(fmt.Sprintf("agenttest: script entry %d is a %T, not a Reply, an error or a ChatFunc", i+1, e))
		}
	}
	return m
}

// Chat plays the next entry.
func (m *ScriptedModel) Chat(ctx context.Context, req agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
	if ctx.Err() != nil {
		return agent.Reply{}, context.Cause(ctx)
	}
	m.mu.Lock()
	n := len(m.requests)
	m.requests = append(m.requests, cloneRequest(req))
	m.mu.Unlock()
	if n >= len(m.turns) {
		return agent.Reply{}, fmt.Errorf("agenttest: call %d, but the script has %d entries", n+1, len(m.turns))
	}
	return m.turns[n](ctx, req, emit)
}

// Requests returns the requests so far, oldest first.
func (m *ScriptedModel) Requests() []agent.Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.requests)
}

// Remaining counts the entries that were not used yet.
func (m *ScriptedModel) Remaining() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(0, len(m.turns)-len(m.requests))
}

// say streams a reply word by word, as a provider would.
func say(r agent.Reply) ChatFunc {
	return func(ctx context.Context, _ agent.Request, emit func(agent.Delta)) (agent.Reply, error) {
		for word := range strings.SplitAfterSeq(r.Message.Content, " ") {
			if ctx.Err() != nil {
				return agent.Reply{}, context.Cause(ctx)
			}
			if word != "" {
				emit(agent.Delta{Text: word})
			}
		}
		r.Message.ToolCalls = slices.Clone(r.Message.ToolCalls)
		return r, nil
	}
}

// cloneRequest protects a kept request from later changes by the caller.
func cloneRequest(req agent.Request) agent.Request {
	req.Messages = slices.Clone(req.Messages)
	for i := range req.Messages {
		req.Messages[i].ToolCalls = slices.Clone(req.Messages[i].ToolCalls)
	}
	req.Tools = slices.Clone(req.Tools)
	return req
}
