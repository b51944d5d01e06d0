package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/pygent/pygent/tools/strictjson"
)

// maxIDBytes bounds a request id, which stays in memory while the request runs.
const maxIDBytes = 4096

// envelope is one incoming message. Its raw parts alias the frame's body.
type envelope struct {
	kind   envelopeKind
	id     json.RawMessage // as received, for the answer; nil in a notification
	method string
	params json.RawMessage // nil when absent or null
	result json.RawMessage // of a response; nil when it has an error
	err    json.RawMessage // of a response; nil when it has a result
	depth  int             // nesting depth
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

// parseEnvelope parses one message in one pass. The error wraps ErrParse when body
// is not JSON, else ErrInvalidRequest.
func parseEnvelope(body []byte) (*envelope, error) {
	s := strictjson.Scan(body)
	if s.First() != '{' {
		return nil, notAnObject(&s)
	}
	var f fields
	var twice string
	err := s.Members(func(name string, value []byte) error {
		if p := f.slot(name); p != nil {
			if *p != nil {
				twice = name
			}
			*p = value
		}
		return nil
	})
	if err == nil {
		err = s.End()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrParse, err)
	}
	if twice != "" {
		return nil, fmt.Errorf("%w: %q is given twice", ErrInvalidRequest, twice)
	}
	env, err := f.envelope()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidRequest, err)
	}
	env.depth = s.Depth() + 1
	return env, nil
}

func notAnObject(s *strictjson.Scanner) error {
	first := s.First()
	if _, err := s.Value(); err != nil {
		return fmt.Errorf("%w: %w", ErrParse, err)
	}
	if err := s.End(); err != nil {
		return fmt.Errorf("%w: %w", ErrParse, err)
	}
	if first == '[' {
		return fmt.Errorf("%w: batches are not supported, send one message at a time", ErrInvalidRequest)
	}
	return fmt.Errorf("%w: a message is a JSON object", ErrInvalidRequest)
}

// envelope finds out whether a message is a request, a notification or a response.
func (f *fields) envelope() (*envelope, error) {
	if string(f.version) != `"2.0"` {
		return nil, errors.New(`"jsonrpc" must be "2.0"`)
	}
	// A copy of the id, because it is needed until the answer and must not keep long
	// params in memory.
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
	env.method = strictjson.Unquote(f.method)
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
	// Some clients send both members, one of them null.
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

// present returns nil for an explicit null.
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
	if id[0] == '"' || strictjson.IsInteger(id) {
		return nil
	}
	return errors.New("an id is a string or an integer")
}

// idKey returns the same key for equal string ids, however they are escaped. "1" and
// 1 stay distinct.
func idKey(id json.RawMessage) string {
	if len(id) > 0 && id[0] == '"' {
		return strconv.Quote(strictjson.Unquote(id))
	}
	return string(id)
}
