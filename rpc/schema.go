package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/pygent/pygent/agent/event"
)

// Schema returns the protocol as one JSON Schema document (draft 2020-12). The root
// schema validates any message of either side. "methods" has the kind, doc, params and
// result of each method by its name. The types are under $defs.
func Schema() []byte { return schemaOf(methods()) }

func schemaOf(table []entry) []byte {
	defs := newDefinitions(table)
	byName := map[string]any{}
	for _, e := range table {
		m := map[string]any{"kind": string(e.kind), "doc": e.doc}
		if e.params != typeNone {
			m["params"] = ref(defs.names[e.params])
		}
		if e.answered() {
			m["result"] = defs.result(e.result)
		}
		byName[e.name] = m
	}
	root := &jsonschema.Schema{
		Schema:      "https://json-schema.org/draft/2020-12/schema",
		Title:       "Pygent protocol",
		Description: "Generated from the method table, do not edit.",
		AnyOf:       defs.messages(table),
		Defs:        defs.schemas,
		Extra:       map[string]any{"protocolVersion": ProtocolVersion, "methods": byName},
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		panic(fmt.Sprintf("rpc: encode the schema: %v", err)) // a bug in the table
	}
	return b.Bytes()
}

var (
	typeNone = reflect.TypeFor[None]()
	typeTime = reflect.TypeFor[time.Time]()
	typeRaw  = reflect.TypeFor[json.RawMessage]()
	typeFail = reflect.TypeFor[event.ErrorDetail]()
)

func ref(name string) *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/" + name} }

// result returns the schema of a method's result. A pointer's schema allows null.
func (d *definitions) result(t reflect.Type) *jsonschema.Schema {
	null := &jsonschema.Schema{Type: "null"}
	switch {
	case t == typeNone:
		return null
	case t.Kind() == reflect.Pointer:
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{ref(d.names[t.Elem()]), null}}
	default:
		return ref(d.names[t])
	}
}

// definitions are the struct types of a table, each with a unique name.
type definitions struct {
	order   []reflect.Type
	names   map[reflect.Type]string
	schemas map[string]*jsonschema.Schema
	sent    map[reflect.Type]bool // the types that the server sends
}

func newDefinitions(table []entry) *definitions {
	d := &definitions{names: map[reflect.Type]string{}, schemas: map[string]*jsonschema.Schema{}, sent: map[reflect.Type]bool{}}
	for _, e := range table {
		toClient := e.kind == kindEvent || e.kind == kindAsk
		d.collect(e.params, toClient)
		d.collect(e.result, !toClient)
	}
	d.collect(typeFail, true)
	d.name()
	for _, t := range d.order {
		d.schemas[d.names[t]] = d.infer(t)
	}
	return d
}

// collect adds t and the struct types in it, in the order of their first use. sent says
// that the server sends a t.
func (d *definitions) collect(t reflect.Type, sent bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		d.collect(t.Elem(), sent)
	case reflect.Struct:
		known := slices.Contains(d.order, t)
		if t == typeTime || t == typeNone || known && (d.sent[t] || !sent) {
			return
		}
		if !known {
			d.order = append(d.order, t)
		}
		d.sent[t] = sent
		for f := range t.Fields() {
			if f.IsExported() && f.Tag.Get("json") != "-" {
				d.collect(f.Type, sent)
			}
		}
	default: // contains no struct
	}
}

// name names each type by its Go name. If two packages have a type of the same name, the
// package's name comes before it.
func (d *definitions) name() {
	count := map[string]int{}
	for _, t := range d.order {
		count[t.Name()]++
	}
	for _, t := range d.order {
		n := t.Name()
		if count[n] > 1 {
			pkg := t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]
			n = strings.ToUpper(pkg[:1]) + pkg[1:] + n
		}
		d.names[t] = n
	}
}

// infer makes the schema of the struct t. Other structs are references.
func (d *definitions) infer(t reflect.Type) *jsonschema.Schema {
	known := map[reflect.Type]*jsonschema.Schema{
		typeTime: {Type: "string", Format: "date-time"},
		typeRaw:  {},
	}
	for other, name := range d.names {
		if other != t {
			known[other] = ref(name)
		}
	}
	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: known})
	if err != nil {
		panic(fmt.Sprintf("rpc: schema of %v: %v", t, err)) // a bug in the table
	}
	s.AdditionalProperties = nil // allows unknown fields: newer peers may send them, and they are ignored
	for name, p := range s.Properties {
		dropNull(p)
		if !d.sent[t] && !slices.Contains(s.Required, name) {
			allowNull(p)
		}
	}
	return s
}

// allowNull allows null in a field that clients send, where null means absent.
func allowNull(s *jsonschema.Schema) {
	switch {
	case s.Ref != "":
		s.AnyOf = []*jsonschema.Schema{{Ref: s.Ref}, {Type: "null"}}
		s.Ref = ""
	case s.Type != "":
		s.Types, s.Type = []string{s.Type, "null"}, ""
	}
}

// dropNull removes the null that the inference allows for slices and pointers, because
// the server sends no null for an absent field.
func dropNull(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Ref != "" { // a pointer to another struct: the inference has set the types to null alone
		s.Type, s.Types = "", nil
	}
	if kinds := slices.DeleteFunc(slices.Clone(s.Types), func(k string) bool { return k == "null" }); len(kinds) == 1 {
		s.Type, s.Types = kinds[0], nil
	}
	dropNull(s.Items)
	dropNull(s.AdditionalProperties)
}
