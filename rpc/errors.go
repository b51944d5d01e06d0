package rpc

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/rpc/wire"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

// Error codes on the wire. Pygent's own codes are outside the ranges that JSON-RPC and
// the Language Server Protocol reserve.
const (
	codeParse          = -32700
	codeInvalidRequest = -32600
	codeMethodNotFound = -32601
	codeInvalidParams  = -32602
	codeInternal       = -32603
	codeNotInitialized = -32002
	codeCancelled      = -32800

	codeSessionNotFound    = -31001
	codeTaskNotFound       = -31002
	codeBusy               = -31003
	codeOverloaded         = -31004
	codeRuntimeUnavailable = -31005
	codeDenied             = -31006
	codeOutsideWorkspace   = -31007
	codeAuthRequired       = -31008
	codeProvider           = -31009
	codeBudget             = -31010
	codeContextOverflow    = -31011
	codeConflict           = -31012
	codeTooLarge           = -31013
)

// kindProtectedPath is the kind of a denial that clients can explain further.
const kindProtectedPath = "protectedPath"

// Errors of the protocol itself.
var (
	errMethodNotFound = errors.New("method not found")
	errInvalidParams  = errors.New("invalid params")
	errNotInitialized = errors.New("the server is not initialized: send initialize first")
)

// errorKind is one row of the protocol's error table.
type errorKind struct {
	code      int
	kind      string
	retryable bool
	doc       string
}

// errorKinds returns all errors that a client can get, for Detail and the reference.
func errorKinds() []errorKind {
	return []errorKind{
		{codeParse, "parseError", false, "not JSON, or a header that cannot be read"},
		{codeInvalidRequest, "invalidRequest", false, "not a request, a duplicate id, or not allowed now"},
		{codeMethodNotFound, "methodNotFound", false, "no such method"},
		{codeInvalidParams, "invalidParams", false, "a parameter is missing or wrong; the message names it"},
		{codeInternal, "internal", false, "a bug in the server"},
		{codeNotInitialized, "notInitialized", false, "a request before initialize"},
		{codeCancelled, "cancelled", false, "the request was cancelled"},
		{codeSessionNotFound, "sessionNotFound", false, "no such session"},
		{codeTaskNotFound, "taskNotFound", false, "no such task"},
		{codeBusy, "busy", true, "a turn or the task is already running, or the limit of tasks is reached"},
		{codeOverloaded, "overloaded", true, "too many requests are running"},
		{codeRuntimeUnavailable, "runtimeUnavailable", true, "commands cannot run; the message says what to do"},
		{codeDenied, "denied", false, "the user or the policy denied it"},
		{codeDenied, kindProtectedPath, false, "another program of the user would run the file at that path"},
		{codeOutsideWorkspace, "outsideWorkspace", false, "a path leads outside the workspace"},
		{codeAuthRequired, "authRequired", false, "no model is configured; the message names the variable to set"},
		{codeProvider, "provider", false, "the model's endpoint failed; data has httpStatus and retryAfterSeconds"},
		{codeBudget, "budget", false, "a limit of tokens or cost is reached"},
		{codeContextOverflow, "contextOverflow", false, "the conversation is too long for the model"},
		{codeConflict, "conflict", false, "it changed in the meantime, is in use, or cannot be read by this version"},
		{codeTooLarge, "tooLarge", false, "a file or value is over its limit"},
	}
}

// code returns the wire code of an error. No other function assigns codes.
func code(err error) int {
	var provider *agent.ProviderError
	var invalid *runtime.InvalidError
	switch {
	case errors.Is(err, wire.ErrParse):
		return codeParse
	case errors.Is(err, wire.ErrInvalidRequest):
		return codeInvalidRequest
	case errors.Is(err, errMethodNotFound):
		return codeMethodNotFound
	case errors.Is(err, errNotInitialized):
		return codeNotInitialized
	case errors.Is(err, wire.ErrOverloaded):
		return codeOverloaded
	case errors.Is(err, errInvalidParams), errors.As(err, &invalid), errors.Is(err, runtime.ErrNotFound):
		return codeInvalidParams
	case errors.Is(err, session.ErrSessionNotFound):
		return codeSessionNotFound
	case errors.Is(err, tasks.ErrNotFound):
		return codeTaskNotFound
	case errors.Is(err, agent.ErrBusy), errors.Is(err, tasks.ErrLimit), errors.Is(err, tasks.ErrBusy):
		return codeBusy
	case errors.Is(err, tasks.ErrNested), errors.Is(err, runtime.ErrProtected):
		return codeDenied
	case errors.Is(err, tasks.ErrRunning), errors.Is(err, tasks.ErrNoWorkspace), errors.Is(err, tasks.ErrNotAsking), errors.Is(err, session.ErrNotKept), errors.Is(err, session.ErrNotPending),
		errors.Is(err, journal.ErrInUse), errors.Is(err, journal.ErrNewer), errors.Is(err, journal.ErrDamaged):
		return codeConflict
	case errors.Is(err, runtime.ErrUnavailable):
		return codeRuntimeUnavailable
	case errors.Is(err, runtime.ErrOutside):
		return codeOutsideWorkspace
	case errors.Is(err, runtime.ErrTooLarge):
		return codeTooLarge
	case errors.Is(err, agent.ErrAuthRequired):
		return codeAuthRequired
	case errors.Is(err, agent.ErrContextOverflow):
		return codeContextOverflow
	case errors.As(err, &provider):
		return codeProvider
	case errors.Is(err, context.Canceled):
		return codeCancelled
	default:
		return codeInternal
	}
}

// Detail returns err in its wire form, for error responses, the result of a failed turn
// and events. err must not be nil.
func Detail(err error) *event.ErrorDetail {
	var remote *Error
	if errors.As(err, &remote) { // it is already in wire form
		return &event.ErrorDetail{Code: remote.Code, Message: remote.Message, Data: remote.Data}
	}
	d := &event.ErrorDetail{Code: code(err), Message: err.Error(), Data: &event.ErrorData{Kind: "internal"}}
	for _, k := range errorKinds() {
		if k.code == d.Code { // the first kind of a code is the general one
			d.Data.Kind, d.Data.Retryable = k.kind, k.retryable
			break
		}
	}
	if d.Code == codeDenied && errors.Is(err, runtime.ErrProtected) {
		d.Data.Kind = kindProtectedPath
	}
	var hint interface{ Hint() string }
	if errors.As(err, &hint) {
		d.Data.Hint = hint.Hint()
	}
	var repeated *agent.RepeatedFailureError
	if errors.As(err, &repeated) {
		d.Data.Kind = "repeatedFailure"
	}
	switch d.Code {
	case codeCancelled:
		d.Message = "request cancelled"
	case codeProvider:
		var provider *agent.ProviderError
		errors.As(err, &provider)
		d.Data.HTTPStatus = provider.HTTPStatus
		d.Data.RetryAfterSeconds = provider.RetryAfter.Seconds()
		d.Data.Retryable = provider.Retryable
	}
	return d
}

// describe is Detail as a wire.Options.Describe.
func describe(err error) any { return Detail(err) }

// Error is an error response from the peer.
type Error struct {
	Code    int
	Message string
	Data    *event.ErrorData // nil when the peer sent none
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }
