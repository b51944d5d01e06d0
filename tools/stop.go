package tools

import (
	"context"
	_ "embed"
)

//go:embed stop.md
var stopDescription string

// Stop ends the turn.
func Stop() Tool {
	return New("stop", stopDescription, func(context.Context, Env, struct{}) (Result, error) {
		return Result{Text: "Stopped.", EndTurn: true}, nil
	}, OnlyReads)
}
