package rpc

import (
	"encoding/json"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

// frameCheck validates the messages of both sides against the schema document: each as a
// message, and each result by the method of its request.
type frameCheck struct {
	t        testing.TB
	message  *jsonschema.Resolved
	defs     map[string]*jsonschema.Schema
	methods  map[string]schemaMethod
	resolved map[string]*jsonschema.Resolved // results, by method
	called   map[string]string               // methods by the id of the client's request
	asked    map[string]string               // methods by the id of the server's request
}

// schemaMethod is an entry under "methods" in the document.
type schemaMethod struct {
	Kind, Doc      string
	Params, Result *jsonschema.Schema
}

func newFrameCheck(t testing.TB, document []byte) *frameCheck {
	t.Helper()
	var root jsonschema.Schema
	var extra struct{ Methods map[string]schemaMethod }
	if err := json.Unmarshal(document, &root); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(document, &extra); err != nil {
		t.Fatal(err)
	}
	message, err := root.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &frameCheck{
		t: t, message: message, defs: root.Defs, methods: extra.Methods,
		resolved: map[string]*jsonschema.Resolved{}, called: map[string]string{}, asked: map[string]string{},
	}
}

// fromClient returns an error if the schema forbids the client's message.
func (c *frameCheck) fromClient(text string) error { return c.frame(text, c.called, c.asked) }

// fromServer fails the test if the schema forbids the server's message.
func (c *frameCheck) fromServer(text string) {
	c.t.Helper()
	if err := c.frame(text, c.asked, c.called); err != nil {
		c.t.Errorf("the schema refuses what the server said: %s\n%v", text, err)
	}
}

// frame validates one message. It records a request in sent and looks up a response's
// method in answered.
func (c *frameCheck) frame(text string, sent, answered map[string]string) error {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	if err := c.message.Validate(value); err != nil {
		return err
	}
	var m struct {
		ID     json.RawMessage
		Method string
		Result json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return err
	}
	switch {
	case m.Method != "":
		if m.ID != nil {
			sent[string(m.ID)] = m.Method
		}
	case m.Result != nil && answered[string(m.ID)] != "":
		return c.result(answered[string(m.ID)], value.(map[string]any)["result"])
	}
	return nil
}

// result validates the result of a method.
func (c *frameCheck) result(method string, value any) error {
	if c.resolved[method] == nil {
		r, err := (&jsonschema.Schema{AnyOf: []*jsonschema.Schema{c.methods[method].Result}, Defs: c.defs}).Resolve(nil)
		if err != nil {
			c.t.Fatalf("result of %s: %v", method, err)
		}
		c.resolved[method] = r
	}
	return c.resolved[method].Validate(value)
}

// TestFrameCheck checks that frameCheck can fail.
func TestFrameCheck(t *testing.T) {
	c := newFrameCheck(t, Schema())
	for _, text := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"agent/step","params":{"prompt":"hi","maxSteps":null}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s","turnId":"t","status":"completed","text":"","steps":0,"changes":[],"usage":{"inputTokens":0,"outputTokens":0,"cachedTokens":0}}}`,
		`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}}`,
		`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}`,
	} {
		if err := c.frame(text, c.called, c.called); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		`[]`, `{}`, `{"jsonrpc":"1.0","id":1,"method":"shutdown"}`, `{"jsonrpc":"2.0","method":"shutdown"}`, `{"jsonrpc":"2.0","id":1,"method":"exit"}`,
		`{"jsonrpc":"2.0","id":1.5,"method":"shutdown"}`, `{"jsonrpc":"2.0","id":1,"method":"agent/nothing"}`,
		`{"jsonrpc":"2.0","id":1,"method":"agent/step"}`, `{"jsonrpc":"2.0","id":1,"method":"agent/step","params":{"prompt":7}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s"}}`, `{"jsonrpc":"2.0","id":1,"result":null}`, `{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":""}}`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":"x","message":""}}`, `{"jsonrpc":"2.0","method":"agent/event","params":{"sessionId":"s"}}`,
	} {
		if c.frame(text, map[string]string{}, c.called) == nil {
			t.Errorf("valid: %s", text)
		}
	}
}
