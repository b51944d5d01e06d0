package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// Rules are the deviations that a reader accepts.
type Rules struct {
	Unknown bool // unknown fields are ignored, except those that differ from a known one in case only
	Null    bool // null in an optional field counts as absent
}

// Fault is a kind of problem.
type Fault int

// Faults.
const (
	WrongType  Fault = iota + 1 // Want and Got are kinds of JSON values
	Twice                       // the field is given twice
	Unknown                     // there is no such field; Near is one that differs in case only, or ""
	Missing                     // the field is required
	Malformed                   // a string that cannot be parsed; Err says why
	OutOfRange                  // a number that the Go type cannot hold; Value is its text
)

// Problem is a fault at one place.
type Problem struct {
	Fault Fault
	Path  string // of the value in the text, as "a.b[0]"
	Name  string // of the field; "" in an array
	Depth int    // 1 is a member of the text itself

	Want, Got string
	Near      string
	Value     string // of a number
	Err       error
}

// Decode decodes text, which is a JSON object, into v. It calls report with every
// problem, in the order of the text; missing fields come last in their object. An
// error of report ends the walk and is returned. v is set only when there is no
// problem. Other errors are those of encoding/json, for example for a text that
// is nested too deeply.
func (s *Shape) Decode(text []byte, v any, rules Rules, report func(Problem) error) error {
	c := checker{rules: rules, report: report}
	if err := c.check(s, text, place{}); err != nil || c.found {
		return err
	}
	err := json.Unmarshal(text, v)
	if err == nil {
		return nil
	}
	if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) {
		return report(Problem{Fault: OutOfRange, Path: mismatch.Field, Name: mismatch.Field, Depth: 1, Value: mismatch.Value})
	}
	return err
}

// checker compares a text with a shape.
type checker struct {
	rules  Rules
	report func(Problem) error
	found  bool
}

// place is the position of a value.
type place struct {
	path, name string
	depth      int
}

func (p place) member(name string) place {
	if p.path == "" {
		return place{name, name, p.depth + 1}
	}
	return place{p.path + "." + name, name, p.depth + 1}
}

func (p place) element(i int) place {
	return place{fmt.Sprintf("%s[%d]", p.path, i), "", p.depth + 1}
}

func (c *checker) tell(at place, p Problem) error {
	c.found = true
	p.Path, p.Name, p.Depth = at.path, at.name, at.depth
	return c.report(p)
}

func (c *checker) check(s *Shape, value []byte, at place) error {
	got := KindOf(value)
	switch {
	case s.want == "" && !c.rules.Unknown:
		return c.checkAny(value, at)
	case s.want == "":
		return nil
	case s.want == "number" && got == "integer":
	case s.want != got:
		p := Problem{Fault: WrongType, Want: s.want, Got: got}
		if got == "number" {
			p.Value = string(value)
		}
		return c.tell(at, p)
	}
	if s.text != nil {
		if err := json.Unmarshal(value, reflect.New(s.text).Interface()); err != nil {
			return c.tell(at, Problem{Fault: Malformed, Err: err})
		}
	}
	switch got {
	case "object":
		return c.checkObject(s, value, at)
	case "array":
		return c.checkArray(s, value, at)
	}
	return nil
}

// checkAny looks for fields that are given twice, at any depth. It reads the text
// once, at any depth.
func (c *checker) checkAny(value []byte, at place) error {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.UseNumber()
	type frame struct {
		keys map[string]bool // nil for an array
		key  bool            // the last token was a key
	}
	var stack []frame
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		top := len(stack) - 1
		if token == json.Delim('}') || token == json.Delim(']') {
			stack = stack[:top]
			continue
		}
		if top >= 0 && stack[top].keys != nil {
			if key, ok := token.(string); ok && !stack[top].key {
				if stack[top].keys[key] {
					return c.tell(at.member(key), Problem{Fault: Twice})
				}
				stack[top].keys[key], stack[top].key = true, true
				continue
			}
			stack[top].key = false
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, frame{keys: map[string]bool{}})
		case json.Delim('['):
			stack = append(stack, frame{})
		}
	}
}

func (c *checker) checkObject(s *Shape, value []byte, at place) error {
	if s.elem != nil {
		return c.checkMap(s, value, at)
	}
	seen := make([]bool, len(s.fields))
	scan := Scan(value)
	err := scan.Members(func(name string, value []byte) error {
		return c.checkField(s, name, value, at.member(name), seen)
	})
	if err != nil {
		return err
	}
	for i, f := range s.fields {
		if f.required && !seen[i] {
			if err := c.tell(at.member(f.name), Problem{Fault: Missing}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checker) checkMap(s *Shape, value []byte, at place) error {
	seen := map[string]bool{}
	scan := Scan(value)
	return scan.Members(func(name string, value []byte) error {
		at := at.member(name)
		if seen[name] {
			return c.tell(at, Problem{Fault: Twice})
		}
		seen[name] = true
		return c.check(s.elem, value, at)
	})
}

// checkField checks one field of a struct and notes it in seen.
func (c *checker) checkField(s *Shape, name string, value []byte, at place, seen []bool) error {
	i, near := s.field(name)
	switch {
	case i < 0 && near == "" && c.rules.Unknown:
		return nil
	case i < 0:
		return c.tell(at, Problem{Fault: Unknown, Near: near})
	case seen[i]:
		return c.tell(at, Problem{Fault: Twice})
	case c.rules.Null && !s.fields[i].required && string(value) == "null":
		return nil
	}
	seen[i] = true
	return c.check(s.fields[i].shape, value, at)
}

func (c *checker) checkArray(s *Shape, value []byte, at place) error {
	if s.elem == nil || s.elem.want == "" && c.rules.Unknown {
		return nil
	}
	scan := Scan(value)
	return scan.Elements(func(i int, value []byte) error { return c.check(s.elem, value, at.element(i)) })
}
