package rpc

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tools/strictjson"
)

// paramsRules allow unknown fields, which newer clients may send, and null in place of
// an absent field.
var paramsRules = strictjson.Rules{Unknown: true, Null: true}

// decodeParams decodes raw into v. raw is nil when the request has no params. The error
// is a *runtime.InvalidError that names the field by its path, or wraps
// errInvalidParams.
func decodeParams(raw json.RawMessage, s *strictjson.Shape, v any) error {
	if raw == nil {
		raw = json.RawMessage("{}")
	}
	if raw[0] != '{' {
		return fmt.Errorf("%w: params must be an object, got %s", errInvalidParams, strictjson.KindOf(raw))
	}
	err := s.Decode(raw, v, paramsRules, invalid)
	if err == nil {
		return nil
	}
	if told := (*runtime.InvalidError)(nil); errors.As(err, &told) {
		return err
	}
	return fmt.Errorf("%w: %w", errInvalidParams, err)
}

// invalid describes a problem for the client.
func invalid(p strictjson.Problem) error {
	var reason string
	switch p.Fault {
	case strictjson.WrongType:
		reason = fmt.Sprintf("expected %s, got %s", p.Want, p.Got)
	case strictjson.Twice:
		reason = "is given twice"
	case strictjson.Unknown:
		reason = fmt.Sprintf("is unknown, did you mean %q?", p.Near)
	case strictjson.Missing:
		reason = "is missing"
	case strictjson.Malformed:
		reason = p.Err.Error()
	case strictjson.OutOfRange:
		reason = p.Value + " is out of range"
	}
	return &runtime.InvalidError{Field: p.Path, Reason: reason}
}
