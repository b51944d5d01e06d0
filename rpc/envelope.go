package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxIDBytes bounds a request id: it is kept while the request runs.
const maxIDBytes = 4096

// envelope is one incoming message. Its raw parts alias the frame's body.
type envelope struct {
	kind   envelopeKind
	id     json.RawMessage // as it came, to be echoed; nil in a notification
	method string
	params json.RawMessage // nil when absent or null
	result json.RawMessage // a response's; nil when it has an error
	err    json.RawMessage // a response's; nil when it has a result
	depth  int             // of nesting
}

type envelopeKind int

const (
	kindRequest envelopeKind = iota + 1
	kindNotification
	kindResponse
)

// fields are the members of an envelope by their exact names. Members with
// other names are ignored.
type fields struct {
	version, id, method, params, result, err json.RawMessage
}

func (f *fields) slot(name string) *json.RawMessage {
	switch name {
	case "jsonrpc":
		return &f.version
	case "id":
		return &f.id
	case "method":
		return &f.method
	case "params":
		return &f.params
	case "result":
		return &f.result
	case "error":
		return &f.err
	}
	return nil
}

// parseEnvelope reads one message in one pass. The error wraps errParse when
// body is not JSON, else errInvalidRequest.
func parseEnvelope(body []byte) (*envelope, error) {
	s := scanner{b: body}
	s.space()
	if s.peek() != '{' {
		return nil, notAnObject(&s)
	}
	var f fields
	var twice string
	err := s.members(func(name string, value []byte) error {
		if p := f.slot(name); p != nil {
			if *p != nil {
				twice = name
			}
			*p = value
		}
		return nil
	})
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errParse, err)
	}
	if twice != "" {
		return nil, fmt.Errorf("%w: %q is given twice", errInvalidRequest, twice)
	}
	env, err := f.envelope()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errInvalidRequest, err)
	}
	env.depth = s.depth + 1
	return env, nil
}

// end demands that nothing but space follows.
func (s *scanner) end() error {
	if s.space(); s.i < len(s.b) {
		return s.fail("the end of the message")
	}
	return nil
}

func notAnObject(s *scanner) error {
	first := s.peek()
	if _, err := s.value(); err != nil {
		return fmt.Errorf("%w: %w", errParse, err)
	}
	if err := s.end(); err != nil {
		return fmt.Errorf("%w: %w", errParse, err)
	}
	if first == '[' {
		return fmt.Errorf("%w: batches are not supported, send one message at a time", errInvalidRequest)
	}
	return fmt.Errorf("%w: a message is a JSON object", errInvalidRequest)
}

// envelope tells requests, notifications and responses apart.
func (f *fields) envelope() (*envelope, error) {
	if string(f.version) != `"2.0"` {
		return nil, errors.New(`"jsonrpc" must be "2.0"`)
	}
	// The id lives until the answer, which long parameters beside it must not.
	env := &envelope{id: bytes.Clone(f.id), params: present(f.params)}
	if f.method == nil {
		return env, f.response(env)
	}
	if f.method[0] != '"' {
		return nil, errors.New(`"method" must be a string`)
	}
	if f.result != nil || f.err != nil {
		return nil, errors.New("a message is a request or a response, not both")
	}
	env.method = unquote(f.method)
	env.kind = kindNotification
	if f.id != nil {
		env.kind = kindRequest
		return env, checkID(f.id)
	}
	return env, nil
}

func (f *fields) response(env *envelope) error {
	if f.result == nil && f.err == nil {
		return errors.New("neither a request nor a response")
	}
	if f.id == nil {
		return errors.New(`a response needs an "id"`)
	}
	env.kind = kindResponse
	// Some clients send the empty one of the two as an explicit null.
	switch env.err = present(f.err); {
	case env.err == nil && f.result == nil:
		return errors.New(`"error" must be an object`)
	case env.err == nil:
		env.result = f.result
	case present(f.result) != nil:
		return errors.New(`a response has a "result" or an "error", not both`)
	}
	return nil
}

// present maps an explicit null to absence.
func present(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

func checkID(id json.RawMessage) error {
	if len(id) > maxIDBytes {
		return fmt.Errorf("the id is longer than %d bytes", maxIDBytes)
	}
	if !utf8.Valid(id) {
		return errors.New("the id is not UTF-8")
	}
	if id[0] == '"' || isInteger(id) {
		return nil
	}
	return errors.New("an id is a string or an integer")
}

// isInteger reports whether a JSON number has neither fraction nor exponent.
func isInteger(raw []byte) bool {
	for i, c := range raw {
		if (c < '0' || c > '9') && (c != '-' || i > 0) {
			return false
		}
	}
	return len(raw) > 0
}

// idKey is the same text for ids that are equal however they are escaped;
// "1" and 1 stay distinct.
func idKey(id json.RawMessage) string {
	if len(id) > 0 && id[0] == '"' {
		return strconv.Quote(unquote(id))
	}
	return string(id)
}
