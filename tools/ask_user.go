package tools

import (
	"context"
	_ "embed"
	"errors"
	"strings"
)

//go:embed ask_user.md
var askUserDescription string

type askUserIn struct {
	Prompt  string   `json:"prompt" jsonschema:"the question"`
	Options []string `json:"options,omitempty" jsonschema:"answers to choose from"`
}

func (in askUserIn) Label() Label { return Label{Title: "Ask", Detail: in.Prompt} }

// AskUser asks the user. When nobody can answer now, the turn ends with the
// question and the next step answers it.
func AskUser() Tool {
	return New("ask_user", askUserDescription, func(ctx context.Context, env Env, in askUserIn) (Result, error) {
		if strings.TrimSpace(in.Prompt) == "" {
			return Result{}, errors.New("ask_user: prompt is empty")
		}
		if env.Alone {
			return Result{}, errors.New("a delegated task cannot ask the user; decide yourself and say what you assumed")
		}
		if env.Ask != nil && env.TaskID == "" { // a task's question ends its turn, because the user may not be watching
			answer, ok, err := env.Ask(ctx, in.Prompt, in.Options)
			if err != nil {
				return Result{}, err
			}
			if ok {
				return Result{Text: answer}, nil
			}
		}
		return Result{
			Text:     "The question was put to the user; the next message answers it.",
			EndTurn:  true,
			Question: &Question{Text: in.Prompt, Options: in.Options},
		}, nil
	}, OnlyReads)
}
