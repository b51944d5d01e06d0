package tools

import (
	"context"
	_ "embed"
)

//go:embed stop.md
var stopDescription string

type stopIn struct{}

func (stopIn) Label() Label { return Label{Title: "Stop"} }

// Stop ends the turn.
func Stop() Tool {
	return New("stop", stopDescription, func(context.Context, Env, stopIn) (Result, error) {
		return Result{Text: "Stopped.", EndTurn: true}, nil
	}, OnlyReads)
}
