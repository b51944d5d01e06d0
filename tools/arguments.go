package tools

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/pygent/pygent/tools/strictjson"
)

// maxArguments bounds the JSON text of one call, in bytes.
const maxArguments = 4 << 20

// decode reads arguments into in, strictly: nothing runs on guessed values.
// schema and shape describe the same type.
func decode(arguments string, schema *jsonschema.Schema, shape *strictjson.Shape, in any) error {
	if len(arguments) > maxArguments {
		return fmt.Errorf("arguments of %d bytes: at most %d are accepted", len(arguments), maxArguments)
	}
	if strings.TrimSpace(arguments) == "" {
		arguments = "{}" // models send an empty text for a call without arguments
	}
	var text json.RawMessage
	if err := json.Unmarshal([]byte(arguments), &text); err != nil {
		return fmt.Errorf("arguments are not valid JSON: %w", err)
	}
	if kind := plain(strictjson.KindOf(text)); kind != "object" {
		return fmt.Errorf("arguments must be a JSON object, got %s", kind)
	}
	var first problems
	if err := shape.Decode(text, in, strictjson.Rules{}, first.add); err != nil {
		return fmt.Errorf("arguments: %w", err)
	}
	return first.err(schema)
}

// problems keeps the most useful of several problems, which the model gets.
type problems struct {
	told *strictjson.Problem
}

// add is the report function for strictjson.
func (f *problems) add(p strictjson.Problem) error {
	if f.told == nil || rank(p) < rank(*f.told) || rank(p) == rank(*f.told) && p.Fault == strictjson.Unknown && p.Name < f.told.Name {
		f.told = &p
	}
	return nil
}

// rank orders problems: a misspelt argument is missing too, and the misspelt name
// says more.
func rank(p strictjson.Problem) int {
	switch {
	case p.Fault == strictjson.Twice:
		return 0
	case p.Depth > 1:
		return 4
	case p.Fault == strictjson.Unknown:
		return 1
	case p.Fault == strictjson.Missing:
		return 2
	default:
		return 3
	}
}

// err words the problem for the model; nil when there is none.
func (f *problems) err(schema *jsonschema.Schema) error {
	if f.told == nil {
		return nil
	}
	p := *f.told
	switch {
	case p.Fault == strictjson.Twice:
		return fmt.Errorf("argument %q is given twice", shorten(p.Name))
	case p.Depth > 1:
		return fmt.Errorf("arguments do not fit the schema: %s", nested(p))
	case p.Fault == strictjson.Unknown:
		return fmt.Errorf("unknown argument %q; it takes %s", shorten(p.Name), argumentNames(schema))
	case p.Fault == strictjson.Missing:
		return fmt.Errorf("argument %q is missing; it takes %s", p.Name, argumentNames(schema))
	case p.Fault == strictjson.OutOfRange:
		return fmt.Errorf("argument %q cannot be the JSON %s", p.Name, shorten(p.Value))
	case p.Fault == strictjson.Malformed:
		return fmt.Errorf("argument %q: %w", p.Name, p.Err)
	case p.Want == "integer" && isWhole(p.Value):
		return fmt.Errorf("argument %q cannot be the JSON number %s", p.Name, shorten(p.Value))
	default:
		return fmt.Errorf("argument %q must be a JSON %s, got %s", p.Name, p.Want, plain(p.Got))
	}
}

// nested words a problem inside an argument.
func nested(p strictjson.Problem) string {
	path := strconv.Quote(shorten(p.Path))
	switch p.Fault {
	case strictjson.Unknown:
		return path + " is unknown"
	case strictjson.Missing:
		return path + " is missing"
	case strictjson.OutOfRange:
		return path + " cannot be the JSON " + shorten(p.Value)
	case strictjson.Malformed:
		return path + ": " + p.Err.Error()
	default:
		return fmt.Sprintf("%s must be a JSON %s, got %s", path, p.Want, plain(p.Got))
	}
}

// isWhole reports whether a number has a whole value, in any notation.
func isWhole(number string) bool {
	n, err := strconv.ParseFloat(number, 64)
	return (err == nil || errors.Is(err, strconv.ErrRange)) && n == math.Trunc(n)
}

// plain returns the name that models know for the kind of a value.
func plain(kind string) string {
	if kind == "integer" {
		return "number"
	}
	return kind
}

func argumentNames(s *jsonschema.Schema) string {
	if len(s.PropertyOrder) == 0 {
		return "none"
	}
	names := make([]string, len(s.PropertyOrder))
	for i, name := range s.PropertyOrder {
		names[i] = name + " (" + s.Properties[name].Type
		if !slices.Contains(s.Required, name) {
			names[i] += ", optional"
		}
		names[i] += ")"
	}
	return strings.Join(names, ", ")
}
