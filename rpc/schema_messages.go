package rpc

import (
	"github.com/google/jsonschema-go/jsonschema"
)

// messages returns the schemas of all messages: first one for each method, in the order
// of the table, then the responses.
func (d *definitions) messages(table []entry) []*jsonschema.Schema {
	var all []*jsonschema.Schema
	for _, e := range table {
		s := envelopeSchema("jsonrpc", "method")
		s.Properties["method"] = constant(e.name)
		if e.answered() {
			s.Required = append(s.Required, "id")
			s.Properties["id"] = &jsonschema.Schema{Types: []string{"integer", "string"}}
		} else {
			s.Not = &jsonschema.Schema{Required: []string{"id"}}
		}
		if name := d.names[e.params]; name != "" {
			s.Properties["params"] = ref(name)
			if len(d.schemas[name].Required) > 0 {
				s.Required = append(s.Required, "params")
			} else {
				allowNull(s.Properties["params"])
			}
		}
		all = append(all, s)
	}
	return append(all, d.responses()...)
}

// responses returns the schemas of responses with a result and with an error. The id of
// an error response is null when the message's id could not be read.
func (d *definitions) responses() []*jsonschema.Schema {
	result := envelopeSchema("jsonrpc", "id", "result")
	result.Properties["id"] = &jsonschema.Schema{Types: []string{"integer", "string"}}
	result.Not = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Required: []string{"error"}}, {Required: []string{"method"}}}}
	failure := envelopeSchema("jsonrpc", "id", "error")
	failure.Properties["id"] = &jsonschema.Schema{Types: []string{"integer", "string", "null"}}
	failure.Properties["error"] = ref(d.names[typeFail])
	failure.Not = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Required: []string{"result"}}, {Required: []string{"method"}}}}
	return []*jsonschema.Schema{result, failure}
}

func envelopeSchema(required ...string) *jsonschema.Schema {
	return &jsonschema.Schema{
		Type:          "object",
		Required:      required,
		Properties:    map[string]*jsonschema.Schema{"jsonrpc": constant("2.0")},
		PropertyOrder: []string{"jsonrpc", "id", "method", "params", "error"},
	}
}

func constant(v any) *jsonschema.Schema { return &jsonschema.Schema{Const: &v} }

// withoutNull removes the null that allowNull added, and reports whether there was one.
func withoutNull(s *jsonschema.Schema) (*jsonschema.Schema, bool) {
	switch {
	case len(s.AnyOf) == 2 && s.AnyOf[1].Type == "null":
		return s.AnyOf[0], true
	case len(s.Types) == 2 && s.Types[1] == "null":
		plain := *s
		plain.Type, plain.Types = s.Types[0], nil
		return &plain, true
	}
	return s, false
}
