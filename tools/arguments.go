package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// maxArguments bounds the JSON text of one call, in bytes.
const maxArguments = 4 << 20

// decode reads arguments into in, strictly: nothing is run on guessed values.
// encoding/json would let the last of two equal keys win and match names
// without regard to case, so both are refused here.
func decode(arguments string, schema *jsonschema.Schema, resolved *jsonschema.Resolved, in any) error {
	if len(arguments) > maxArguments {
		return fmt.Errorf("arguments of %d bytes: at most %d are accepted", len(arguments), maxArguments)
	}
	if strings.TrimSpace(arguments) == "" {
		arguments = "{}" // models send nothing for a call without arguments
	}
	var fields map[string]any
	if err := json.Unmarshal([]byte(arguments), &fields); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && !strings.HasPrefix(strings.TrimSpace(arguments), "{") {
			return fmt.Errorf("arguments must be a JSON object, got %s", wrong.Value)
		}
		return fmt.Errorf("arguments are not valid JSON: %w", err)
	}
	if fields == nil {
		return errors.New("arguments must be a JSON object, got null")
	}
	if err := duplicateKey(arguments); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if schema.Properties[name] == nil {
			return fmt.Errorf("unknown argument %q; it takes %s", shorten(name), argumentNames(schema))
		}
	}
	for _, name := range schema.Required {
		if _, ok := fields[name]; !ok {
			return fmt.Errorf("argument %q is missing; it takes %s", name, argumentNames(schema))
		}
	}
	for _, name := range schema.PropertyOrder {
		value, ok := fields[name]
		if want := schema.Properties[name].Type; ok && want != "" && !hasType(value, want) {
			return fmt.Errorf("argument %q must be a JSON %s, got %s", name, want, typeName(value))
		}
	}
	if err := resolved.Validate(fields); err != nil {
		return fmt.Errorf("arguments do not fit the schema: %w", err)
	}
	if err := json.Unmarshal([]byte(arguments), in); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) { // as a number that the field's type cannot hold
			return fmt.Errorf("argument %q cannot be the JSON %s", wrong.Field, shorten(wrong.Value))
		}
		return fmt.Errorf("arguments: %w", err)
	}
	return nil
}

// duplicateKey reports a key that stands twice in one object, at any depth. The
// text is valid JSON.
func duplicateKey(text string) error {
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	type frame struct {
		keys  map[string]bool // nil for an array
		value bool            // the next token is a value, not a key
	}
	var stack []frame
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("arguments are not valid JSON: %w", err)
		}
		top := len(stack) - 1
		if d, ok := tok.(json.Delim); ok && (d == '}' || d == ']') {
			stack = stack[:top]
			continue
		}
		if top >= 0 && stack[top].keys != nil {
			if key, ok := tok.(string); ok && !stack[top].value {
				if stack[top].keys[key] {
					return fmt.Errorf("argument %q is given twice", shorten(key))
				}
				stack[top].keys[key], stack[top].value = true, true
				continue
			}
			stack[top].value = false
		}
		switch tok {
		case json.Delim('{'):
			stack = append(stack, frame{keys: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, frame{})
		}
	}
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

func hasType(v any, want string) bool {
	got := typeName(v)
	if want == "integer" && got == "number" {
		n, ok := v.(float64)
		return ok && n == math.Trunc(n)
	}
	return got == want
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	default:
		return "object"
	}
}
