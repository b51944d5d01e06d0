package rpc

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/pygent/pygent/runtime"
)

// shape is what a JSON value must look like to be decoded into a Go type.
// encoding/json alone accepts missing and misspelt fields, and its errors do
// not name an element's index.
type shape struct {
	want   string // "object", "array", "string", "number", "integer", "boolean"; "" is anything
	fields []shapeField
	elem   *shape // of an array, or of a map's values

	text reflect.Type // of a string that has to be parsed, as a time; may be nil
}

type shapeField struct {
	name     string
	required bool
	shape    *shape
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// shapeOf describes t. Types that contain themselves are described once.
func shapeOf(t reflect.Type, known map[reflect.Type]*shape) *shape {
	if s := known[t]; s != nil {
		return s
	}
	s := &shape{}
	known[t] = s
	if ptr := reflect.PointerTo(t); t.Kind() != reflect.Pointer {
		switch {
		case ptr.Implements(textUnmarshaler): // before JSON's: time.Time has both
			s.want, s.text = "string", t
			return s
		case ptr.Implements(jsonUnmarshaler):
			return s
		}
	}
	switch t.Kind() {
	case reflect.Pointer:
		known[t] = shapeOf(t.Elem(), known)
		return known[t]
	case reflect.Struct:
		s.want = "object"
		s.addFields(t, known)
	case reflect.Map:
		s.want = "object"
		s.elem = shapeOf(t.Elem(), known)
	case reflect.Slice, reflect.Array:
		s.want = "array"
		s.elem = shapeOf(t.Elem(), known)
	case reflect.String:
		s.want = "string"
	case reflect.Bool:
		s.want = "boolean"
	case reflect.Float32, reflect.Float64:
		s.want = "number"
	case reflect.Interface:
	default:
		s.want = "integer"
	}
	return s
}

func (s *shape) addFields(t reflect.Type, known map[reflect.Type]*shape) {
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case tag == "-":
		case f.Anonymous && name == "":
			s.addFields(f.Type, known)
		case f.IsExported():
			if name == "" {
				name = f.Name
			}
			s.fields = append(s.fields, shapeField{
				name:     name,
				required: !strings.Contains(options, "omit"),
				shape:    shapeOf(f.Type, known),
			})
		}
	}
}

// decodeParams decodes raw, which is nil when the request has no params, into
// v. The error is a *runtime.InvalidError that names the field by its path, or
// wraps errInvalidParams.
func decodeParams(raw json.RawMessage, s *shape, v any) error {
	if raw == nil {
		raw = json.RawMessage("{}")
	}
	if raw[0] != '{' {
		return fmt.Errorf("%w: params must be an object, got %s", errInvalidParams, kindOf(raw))
	}
	if err := s.check(raw, ""); err != nil {
		return err
	}
	err := json.Unmarshal(raw, v)
	var mismatch *json.UnmarshalTypeError // a number that does not fit
	switch {
	case errors.As(err, &mismatch):
		return &runtime.InvalidError{Field: mismatch.Field, Reason: fmt.Sprintf("%s is out of range", mismatch.Value)}
	case err != nil:
		return fmt.Errorf("%w: %w", errInvalidParams, err)
	}
	return nil
}

// check compares raw, which is valid JSON, with the shape. path is where raw
// stands in the params.
func (s *shape) check(raw []byte, path string) error {
	got := kindOf(raw)
	switch {
	case s.want == "":
		return nil
	case s.want == "number" && got == "integer":
	case s.want != got:
		return &runtime.InvalidError{Field: path, Reason: fmt.Sprintf("expected %s, got %s", s.want, got)}
	}
	if s.text != nil {
		if err := json.Unmarshal(raw, reflect.New(s.text).Interface()); err != nil {
			return &runtime.InvalidError{Field: path, Reason: err.Error()}
		}
	}
	switch got {
	case "object":
		return s.checkObject(raw, path)
	case "array":
		return s.checkArray(raw, path)
	}
	return nil
}

func (s *shape) checkObject(raw []byte, path string) error {
	seen := make([]bool, len(s.fields))
	sc := scanner{b: raw}
	err := sc.members(func(name string, value []byte) error {
		at := join(path, name)
		if s.elem != nil {
			return s.elem.check(value, at)
		}
		i, err := s.field(name, at)
		if i < 0 || err != nil {
			return err
		}
		if seen[i] {
			return &runtime.InvalidError{Field: at, Reason: "is given twice"}
		}
		f := s.fields[i]
		if !f.required && string(value) == "null" {
			return nil // as good as absent
		}
		seen[i] = true
		return f.shape.check(value, at)
	})
	if err != nil {
		return err
	}
	for i, f := range s.fields {
		if f.required && !seen[i] {
			return &runtime.InvalidError{Field: join(path, f.name), Reason: "is missing"}
		}
	}
	return nil
}

// field finds a field by its exact name; -1 is an unknown one, which is
// ignored. encoding/json would take one that differs in case for the same, so
// that is refused.
func (s *shape) field(name, at string) (int, error) {
	for i := range s.fields {
		if s.fields[i].name == name {
			return i, nil
		}
	}
	for i := range s.fields {
		if strings.EqualFold(s.fields[i].name, name) {
			return -1, &runtime.InvalidError{Field: at, Reason: fmt.Sprintf("is unknown, did you mean %q?", s.fields[i].name)}
		}
	}
	return -1, nil
}

func (s *shape) checkArray(raw []byte, path string) error {
	if s.elem == nil || s.elem.want == "" {
		return nil
	}
	sc := scanner{b: raw, i: 1}
	for n := 0; ; n++ {
		sc.space()
		switch sc.peek() {
		case ']':
			return nil
		case ',':
			sc.i++
		}
		value, err := sc.value()
		if err != nil {
			return fmt.Errorf("%w: %w", errInvalidParams, err)
		}
		if err := s.elem.check(value, fmt.Sprintf("%s[%d]", path, n)); err != nil {
			return err
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// kindOf names the kind of a valid JSON value.
func kindOf(raw []byte) string {
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	if isInteger(raw) {
		return "integer"
	}
	return "number"
}
