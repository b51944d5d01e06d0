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

	"github.com/pygent/pygent/agent"
)

// Schema is the protocol as one JSON Schema document (draft 2020-12). A message
// of either side is valid if the document says so; which result belongs to which
// request, and each method's kind and doc, stand under "methods", by name. The
// types are under $defs.
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
		panic(fmt.Sprintf("rpc: encode the schema: %v", err)) // a fault of the table
	}
	return b.Bytes()
}

var (
	typeNone = reflect.TypeFor[None]()
	typeTime = reflect.TypeFor[time.Time]()
	typeRaw  = reflect.TypeFor[json.RawMessage]()
	typeFail = reflect.TypeFor[agent.ErrorDetail]()
)

func ref(name string) *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/" + name} }

// result is the schema of a method's result; that of a pointer may be null.
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

// definitions are the struct types that a table uses, each under a name of its
// own.
type definitions struct {
	order   []reflect.Type
	names   map[reflect.Type]string
	schemas map[string]*jsonschema.Schema
	told    map[reflect.Type]bool // those that the server sends
}

func newDefinitions(table []entry) *definitions {
	d := &definitions{names: map[reflect.Type]string{}, schemas: map[string]*jsonschema.Schema{}, told: map[reflect.Type]bool{}}
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

// collect finds the struct types below t, in the order of their first use. told
// says that the server sends a t.
func (d *definitions) collect(t reflect.Type, told bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		d.collect(t.Elem(), told)
	case reflect.Struct:
		known := slices.Contains(d.order, t)
		if t == typeTime || t == typeNone || known && (d.told[t] || !told) {
			return
		}
		if !known {
			d.order = append(d.order, t)
		}
		d.told[t] = told
		for f := range t.Fields() {
			if f.IsExported() && f.Tag.Get("json") != "-" {
				d.collect(f.Type, told)
			}
		}
	default: // holds no struct
	}
}

// name names each type by its Go name, with the package in front where two
// packages have the same.
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

// infer makes the schema of the struct t; other structs are referred to.
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
		panic(fmt.Sprintf("rpc: schema of %v: %v", t, err)) // a fault of the table
	}
	s.AdditionalProperties = nil // unknown fields are ignored, newer peers may add some
	for name, p := range s.Properties {
		dropNull(p)
		if !d.told[t] && !slices.Contains(s.Required, name) {
			allowNull(p)
		}
	}
	return s
}

// allowNull is for what clients send: there, null is as good as absent.
func allowNull(s *jsonschema.Schema) {
	switch {
	case s.Ref != "":
		s.AnyOf = []*jsonschema.Schema{{Ref: s.Ref}, {Type: "null"}}
		s.Ref = ""
	case s.Type != "":
		s.Types, s.Type = []string{s.Type, "null"}, ""
	}
}

// dropNull takes back the null that the inference allows for slices and
// pointers: what the server sends is there or absent.
func dropNull(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Ref != "" { // a pointer to another struct: the inference adds "null" to no type at all
		s.Type, s.Types = "", nil
	}
	if kinds := slices.DeleteFunc(slices.Clone(s.Types), func(k string) bool { return k == "null" }); len(kinds) == 1 {
		s.Type, s.Types = kinds[0], nil
	}
	dropNull(s.Items)
	dropNull(s.AdditionalProperties)
}
