package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/pygent/pygent/runtime"
)

// Env is what a tool works in.
type Env struct {
	Runtime *runtime.Runtime // the active runtime; never nil

	SessionID string // the session that calls
	Mode      string // what it may do unasked: plan, ask or auto
	TaskID    string // the delegated task that calls, "" in a session of the user's
	Alone     bool   // nobody will ever answer a question

	// Output takes live output while the tool runs; nil when nobody looks.
	Output func(delta string)

	// Ask waits for the user's answer. It is nil, or answers ok=false, when
	// nobody can be asked.
	Ask func(ctx context.Context, question string, options []string) (answer string, ok bool, err error)
}

// Result is what a tool answers. The zero value is an empty, successful answer.
type Result struct {
	Text      string // what the model reads
	IsError   bool
	ExitCode  *int // set by tools that ran a command to its end
	Truncated bool // Text is not the whole of it
	Changes   []runtime.Change
	Stack     string // of a tool that panicked: for people, not for the model

	EndTurn  bool      // the turn ends after this call
	Question *Question // what a turn that ends with EndTurn asks, if it asks
}

// Question is put to the user.
type Question struct {
	Text    string
	Options []string
}

// Text is a plain successful answer.
func Text(format string, args ...any) Result {
	if len(args) == 0 {
		return Result{Text: format}
	}
	return Result{Text: fmt.Sprintf(format, args...)}
}

// Errorf is a failure as the model reads it.
func Errorf(format string, args ...any) Result {
	return Result{Text: "[error] " + fmt.Sprintf(format, args...), IsError: true}
}

// Func is the work of a tool. An error is turned into an answer for the model.
// It must return soon after ctx has ended, with nothing of it left running.
type Func[In any] func(ctx context.Context, env Env, in In) (Result, error)

// Tool is one tool: make it with New.
type Tool struct {
	spec    Spec
	call    func(ctx context.Context, env Env, arguments string) Result
	propose func(ctx context.Context, env Env, arguments string) (Proposal, error)
}

// Spec is the tool as models see it.
func (t Tool) Spec() Spec { return t.spec }

var validName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// New makes a tool from a function. The JSON Schema of its arguments comes from
// In, a struct: json tags name the fields, jsonschema tags describe them,
// omitempty makes them optional. At most one declare tells what a call would do;
// without it a call counts as a command. New panics when the name or In cannot be
// used, which is a fault of the program and not of its input.
func New[In any](name, description string, fn Func[In], declare ...Declare[In]) Tool {
	if !validName.MatchString(name) {
		panic(fmt.Sprintf("tools: name %q: letters, digits, _ and -, 64 at the most", name))
	}
	schema, err := jsonschema.For[In](nil)
	if err != nil {
		panic(fmt.Sprintf("tools: arguments of %s: %v", name, err))
	}
	if schema.Type != "object" {
		panic(fmt.Sprintf("tools: arguments of %s must be a struct", name))
	}
	dropNull(schema)
	resolved, err := schema.Resolve(nil)
	if err != nil {
		panic(fmt.Sprintf("tools: schema of %s: %v", name, err))
	}
	parameters, err := json.Marshal(schema)
	if err != nil {
		panic(fmt.Sprintf("tools: schema of %s: %v", name, err))
	}
	read := func(arguments string) (in In, err error) {
		if err = decode(arguments, schema, resolved, &in); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return in, err
	}
	return Tool{
		spec: Spec{Name: name, Description: strings.TrimSpace(description), Parameters: parameters},
		propose: func(ctx context.Context, env Env, arguments string) (Proposal, error) {
			in, err := read(arguments)
			switch {
			case err != nil:
				return Proposal{}, err
			case len(declare) == 0:
				return undeclared(name, arguments), nil
			default:
				return declare[0](ctx, env, in)
			}
		},
		call: func(ctx context.Context, env Env, arguments string) Result {
			in, err := read(arguments)
			if err != nil {
				return Errorf("%v", err)
			}
			res, err := fn(ctx, env, in)
			if err != nil {
				return Errorf("%v", err)
			}
			return res
		},
	}
}

// dropNull takes "null" out of what inference allows for slices and pointers:
// models take the offer, and a null is never what they mean.
func dropNull(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if types := slices.DeleteFunc(s.Types, func(t string) bool { return t == "null" }); len(types) == 1 {
		s.Type, s.Types = types[0], nil
	}
	for _, p := range s.Properties {
		dropNull(p)
	}
	dropNull(s.Items)
	dropNull(s.AdditionalProperties)
}
