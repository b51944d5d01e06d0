package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools/files"
	"github.com/pygent/pygent/tools/output"
	"github.com/pygent/pygent/tools/strictjson"
)

// Env is the environment of a call.
type Env struct {
	Runtime *runtime.Runtime // the active runtime; never nil

	SessionID string // the session that calls
	Mode      string // what it may do without asking: plan, ask or auto
	TaskID    string // the delegated task that calls, "" in a session of the user
	Alone     bool   // no user will ever answer a question

	// Allowed lists the protected paths, in the form of Workspace.Target, that
	// the user has approved for this call.
	Allowed []string

	// Files knows what the model has read and written in the session; nil knows
	// nothing.
	Files *files.Seen

	// Kept holds the whole text of results that were cut; nil keeps nothing.
	Kept *output.Store

	// Output takes live output while the tool runs; nil when nobody watches.
	Output func(delta string)

	// Ask waits for the user's answer. It is nil, or returns ok=false, when no
	// user can be asked.
	Ask func(ctx context.Context, question string, options []string) (answer string, ok bool, err error)
}

// Result is the answer of a tool. The zero value is an empty, successful answer.
type Result struct {
	Text      string // what the model reads
	IsError   bool
	ExitCode  *int // set by tools that ran a command to its end
	Truncated bool // Text is incomplete
	Changes   []runtime.Change
	Images    []Image    // for the model, beside Text
	Plan      []PlanStep // the whole new plan; nil is no change of it
	Unkept    bool       // Text is never kept as output: it can be had again
	Stack     string     // stack of a tool that panicked: for people, not for the model

	EndTurn  bool      // the turn ends after this call
	Question *Question // the question of a turn that ends with EndTurn, if there is one
}

// Image is a picture for the model.
type Image struct {
	MIMEType string
	Data     []byte
}

// PlanStep is one step of the model's plan.
type PlanStep struct {
	Step   string
	Status string // pending, in_progress or completed
}

// Question is a question for the user.
type Question struct {
	Text    string
	Options []string
}

// Text makes a successful answer.
func Text(format string, args ...any) Result {
	if len(args) == 0 {
		return Result{Text: format}
	}
	return Result{Text: fmt.Sprintf(format, args...)}
}

// Errorf makes a failed answer.
func Errorf(format string, args ...any) Result {
	return Result{Text: "[error] " + fmt.Sprintf(format, args...), IsError: true}
}

// Func is the function of a tool. Its error becomes an answer for the model. It
// must return soon after ctx has ended, and leave nothing running.
type Func[In any] func(ctx context.Context, env Env, in In) (Result, error)

// Tool is one tool: make it with New.
type Tool struct {
	spec    Spec
	call    func(ctx context.Context, env Env, arguments string) Result
	propose func(ctx context.Context, env Env, arguments string) (Proposal, error)
	label   func(arguments string) Label // nil: the tool does not describe its calls
}

// Spec returns the tool in its form for a model.
func (t Tool) Spec() Spec { return t.spec }

var validName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// New makes a tool from a function. The JSON Schema of its arguments comes from
// In, a struct: json tags name the fields, jsonschema tags describe them,
// omitempty makes them optional. At most one declare says what a call would do;
// without it a call counts as a command. An In that is Labelled describes a call
// for the user when it begins. New panics when the name or In is not usable,
// because that is a fault of the program.
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
	shape := strictjson.ShapeOf(reflect.TypeFor[In]())
	parameters, err := json.Marshal(schema)
	if err != nil {
		panic(fmt.Sprintf("tools: schema of %s: %v", name, err))
	}
	read := func(arguments string) (in In, err error) {
		if err = decode(arguments, schema, shape, &in); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return in, err
	}
	return Tool{
		spec:  Spec{Name: name, Description: strings.TrimSpace(description), Parameters: parameters},
		label: labelOf[In](),
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

// dropNull removes "null" from the schema that is inferred for slices and
// pointers: models then send null, which they never mean.
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
