package rpc

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygent/pygent/agent"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

// Codes on the wire. The application's own lie outside the ranges that
// JSON-RPC and the language server protocol keep for themselves.
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

// Errors of the protocol itself.
var (
	errParse          = errors.New("parse error")
	errInvalidRequest = errors.New("invalid request")
	errMethodNotFound = errors.New("method not found")
	errInvalidParams  = errors.New("invalid params")
	errNotInitialized = errors.New("the server is not initialized: send initialize first")
	errOverloaded     = errors.New("too many requests are running")
	errPanic          = errors.New("internal error: the server's log says more")
)

// errorKind is one row of the protocol's error table.
type errorKind struct {
	code      int
	kind      string
	retryable bool
	doc       string
}

// errorKinds are all errors that a client can get, for Detail and for the
// reference.
func errorKinds() []errorKind {
	return []errorKind{
		{codeParse, "parseError", false, "not JSON, or a header that cannot be read"},
		{codeInvalidRequest, "invalidRequest", false, "not a request, a duplicate id, or not allowed now"},
		{codeMethodNotFound, "methodNotFound", false, "no such method"},
		{codeInvalidParams, "invalidParams", false, "a parameter is missing or wrong; the message names it"},
		{codeInternal, "internal", false, "a fault of the server"},
		{codeNotInitialized, "notInitialized", false, "a request before initialize"},
		{codeCancelled, "cancelled", false, "the request was cancelled"},
		{codeSessionNotFound, "sessionNotFound", false, "no such session"},
		{codeTaskNotFound, "taskNotFound", false, "no such task"},
		{codeBusy, "busy", true, "a turn or the task runs already, or the limit of tasks is reached"},
		{codeOverloaded, "overloaded", true, "too many requests are running"},
		{codeRuntimeUnavailable, "runtimeUnavailable", true, "commands cannot run; the message names the cure"},
		{codeDenied, "denied", false, "the user or the policy said no"},
		{codeOutsideWorkspace, "outsideWorkspace", false, "a path leads outside the workspace"},
		{codeAuthRequired, "authRequired", false, "no model is configured; the message names the variable to set"},
		{codeProvider, "provider", false, "the model's endpoint failed; data has httpStatus and retryAfterSeconds"},
		{codeBudget, "budget", false, "a limit of tokens or cost is reached"},
		{codeContextOverflow, "contextOverflow", false, "the conversation is too long for the model"},
		{codeConflict, "conflict", false, "it changed in the meantime, is in use, or cannot be read by this version"},
		{codeTooLarge, "tooLarge", false, "a file or value is over its limit"},
	}
}

// code assigns the wire code of an error. It is the only place that does.
func code(err error) int {
	var provider *agent.ProviderError
	var invalid *runtime.InvalidError
	switch {
	case errors.Is(err, errParse):
		return codeParse
	case errors.Is(err, errInvalidRequest):
		return codeInvalidRequest
	case errors.Is(err, errMethodNotFound):
		return codeMethodNotFound
	case errors.Is(err, errNotInitialized):
		return codeNotInitialized
	case errors.Is(err, errOverloaded):
		return codeOverloaded
	case errors.Is(err, errInvalidParams), errors.As(err, &invalid), errors.Is(err, runtime.ErrNotFound):
		return codeInvalidParams
	case errors.Is(err, agent.ErrSessionNotFound):
		return codeSessionNotFound
	case errors.Is(err, tasks.ErrNotFound):
		return codeTaskNotFound
	case errors.Is(err, agent.ErrBusy), errors.Is(err, tasks.ErrLimit), errors.Is(err, tasks.ErrBusy):
		return codeBusy
	case errors.Is(err, tasks.ErrNested):
		return codeDenied
	case errors.Is(err, tasks.ErrRunning), errors.Is(err, tasks.ErrNoWorkspace), errors.Is(err, tasks.ErrNotAsking), errors.Is(err, agent.ErrNotKept), errors.Is(err, agent.ErrNotPending),
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

// Detail gives err the shape that it has on the wire: in error responses, in
// the result of a failed turn, and in events. err must not be nil.
func Detail(err error) *agent.ErrorDetail {
	var remote *Error
	if errors.As(err, &remote) { // it has been on a wire before
		return &agent.ErrorDetail{Code: remote.Code, Message: remote.Message, Data: remote.Data}
	}
	d := &agent.ErrorDetail{Code: code(err), Message: err.Error(), Data: &agent.ErrorData{Kind: "internal"}}
	for _, k := range errorKinds() {
		if k.code == d.Code {
			d.Data.Kind, d.Data.Retryable = k.kind, k.retryable
		}
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

// Error is an error response, as a caller of the peer gets it.
type Error struct {
	Code    int
	Message string
	Data    *agent.ErrorData // nil when the peer sent none
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }
