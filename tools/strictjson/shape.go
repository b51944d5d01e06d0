package strictjson

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
)

// Shape describes the JSON text that can be decoded into a Go type. It never
// changes, so goroutines can share it.
type Shape struct {
	want   string // "object", "array", "string", "number", "integer", "boolean"; "" is anything
	fields []field
	elem   *Shape // of an array, or of a map's values

	text reflect.Type // of a string that must be parsed, such as a time; may be nil
}

type field struct {
	name     string
	required bool
	shape    *Shape
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// ShapeOf describes t. Fields without omitempty or omitzero are required.
func ShapeOf(t reflect.Type) *Shape { return shapeOf(t, map[reflect.Type]*Shape{}) }

// shapeOf describes a type; a recursive type is described once.
func shapeOf(t reflect.Type, known map[reflect.Type]*Shape) *Shape {
	if s := known[t]; s != nil {
		return s
	}
	s := &Shape{}
	known[t] = s
	if ptr := reflect.PointerTo(t); t.Kind() != reflect.Pointer {
		switch {
		case ptr.Implements(textUnmarshaler): // before json.Unmarshaler: time.Time has both
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

func (s *Shape) addFields(t reflect.Type, known map[reflect.Type]*Shape) {
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
			s.fields = append(s.fields, field{
				name:     name,
				required: !strings.Contains(options, "omit"),
				shape:    shapeOf(f.Type, known),
			})
		}
	}
}

// field finds a field by its exact name; -1 means unknown. near is a field whose
// name differs in case only: encoding/json would match it.
func (s *Shape) field(name string) (i int, near string) {
	for i := range s.fields {
		if s.fields[i].name == name {
			return i, ""
		}
	}
	for i := range s.fields {
		if strings.EqualFold(s.fields[i].name, name) {
			return -1, s.fields[i].name
		}
	}
	return -1, ""
}

// KindOf names the kind of a JSON value: "object", "array", "string", "boolean",
// "null", "integer" or "number".
func KindOf(value []byte) string {
	switch value[0] {
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
	if IsInteger(value) {
		return "integer"
	}
	return "number"
}
