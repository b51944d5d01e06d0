package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/tools"
)

// maxBeside bounds the calls of one reply that run side by side.
const maxBeside = 8

// early is the result of a call that ran beside others, before its turn came. Its
// events follow in the order of the calls, so that calls never overlap for
// clients.
type early struct {
	res  tools.Result
	took time.Duration
}

// batch is what the calls of one reply share. A nil batch is that of a single
// call.
type batch struct {
	early map[string]early // by the call's id
	reads map[string]tools.Result
	edits map[string]tools.Result // both by callKey: a repetition gets the same result
}

func newBatch(calls []event.ToolCall) *batch {
	if len(calls) < 2 {
		return nil
	}
	return &batch{early: map[string]early{}, reads: map[string]tools.Result{}, edits: map[string]tools.Result{}}
}

// ran reports whether a call has run already, beside others.
func (b *batch) ran(call event.ToolCall) bool {
	if b == nil {
		return false
	}
	_, ok := b.early[call.ID]
	return ok
}

// take returns the result of a call that has run already.
func (b *batch) take(call event.ToolCall) (e early, ok bool) {
	if b != nil {
		e, ok = b.early[call.ID]
		delete(b.early, call.ID)
	}
	return e, ok
}

// repeated returns the result of an equal reading call or edit of the reply.
func (b *batch) repeated(call event.ToolCall) (tools.Result, bool) {
	if b == nil {
		return tools.Result{}, false
	}
	key := callKey(call)
	if res, ok := b.reads[key]; ok {
		return res, true
	}
	res, ok := b.edits[key]
	return res, ok
}

// keep remembers the result of a call for its repetitions. What a call that may
// have changed something left behind is read anew.
func (b *batch) keep(call event.ToolCall, does deed, res tools.Result) {
	if b == nil {
		return
	}
	res = tools.Result{Text: res.Text, IsError: res.IsError, ExitCode: res.ExitCode, Truncated: res.Truncated}
	switch does {
	case deedLook:
		b.reads[callKey(call)] = res
	case deedEdit:
		clear(b.reads)
		b.edits[callKey(call)] = res
	default:
		clear(b.reads)
		clear(b.edits)
	}
}

// deed is what a call does, as far as the other calls of its reply are concerned.
type deed int

const (
	deedOther deed = iota // runs alone, and as often as it is called
	deedLook              // can run beside others
	deedEdit
)

// deed looks at a call that has not begun. A call that must ask, or is refused, is
// no look.
func (t *turn) deed(ctx context.Context, call event.ToolCall) deed {
	if call.Arguments == "" { // they may be lost with the last server
		return deedOther
	}
	p, err := t.tools.Propose(ctx, t.env(), call.Name, call.Arguments)
	switch {
	case err != nil || p.Serial:
		return deedOther
	case p.Effect == tools.EffectEdit:
		return deedEdit
	case p.Effect != tools.EffectRead:
		return deedOther
	}
	if v, _ := t.policy().Judge(call.Name, p, nil); v != approval.Allow {
		return deedOther
	}
	return deedLook
}

// readAhead runs the first of calls and those directly after it side by side, as
// long as they only look. A call that changes something waits for them, because it
// comes later in the reply. Equal calls run once.
func (t *turn) readAhead(ctx context.Context, b *batch, calls []event.ToolCall) {
	if b == nil {
		return
	}
	var list []event.ToolCall
	known := map[string]bool{}
	for _, call := range calls {
		if t.deed(ctx, call) != deedLook {
			break
		}
		if key := callKey(call); !known[key] {
			known[key] = true
			list = append(list, call)
		}
	}
	if len(list) < 2 {
		return
	}
	done := make([]*early, len(list))
	slots := make(chan struct{}, maxBeside)
	var wg sync.WaitGroup
	for i, call := range list {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break // what has not begun is answered as usual
		}
		env := t.env()
		wg.Go(func() {
			defer func() { <-slots }()
			began := time.Now()
			res := t.tools.Call(ctx, env, call.Name, call.Arguments)
			done[i] = &early{res, time.Since(began)}
		})
	}
	wg.Wait()
	for i, e := range done {
		if e != nil {
			b.early[list[i].ID] = *e
		}
	}
}

// callKey is equal for equal calls.
func callKey(call event.ToolCall) string { return call.Name + "\x00" + canonical(call.Arguments) }

// canonical returns arguments in a form that does not depend on white space and
// the order of names.
func canonical(arguments string) string {
	dec := json.NewDecoder(strings.NewReader(arguments))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil || dec.More() {
		return arguments
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return arguments
	}
	return text.String()
}
