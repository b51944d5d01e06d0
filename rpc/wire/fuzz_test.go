package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
)

// FuzzFrames checks that no input panics, hangs or gives a message over the limit.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("Content-Length: 37\r\n\r\n" + `{"jsonrpc":"2.0","id":1,"method":"m"}`))
	f.Add([]byte("{}\n\n[]\r\n{"))
	f.Add([]byte("content-length:2\nContent-Type: a; charset=latin1\n\n{}Content-Length: 3\r\n\r\n"))
	f.Add([]byte("Content-Length: 99\r\n\r\n{}"))
	f.Add([]byte(" \r\nContent-Length: -1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, input []byte) {
		const limit = 64
		r := newFrameReader(bytes.NewReader(input), limit)
		for range len(input) + 2 {
			body, err := r.next()
			if len(body) > limit+2 {
				t.Fatalf("%d bytes", len(body))
			}
			var refused *FrameError
			if err != nil && (!errors.As(err, &refused) || refused.fatal) {
				return
			}
		}
		t.Fatal("no end")
	})
}

// FuzzEnvelope checks that invalid JSON is a parse error, and that the members are
// those of encoding/json.
func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[1,2.5e-3,true,false,null,"x\u00e9\n"]}}`,
		`{"jsonrpc":"2.0","id":"a","result":null}`, `{"jsonrpc":"2.0","id":1,"error":{"code":1}}`,
		`[]`, `{"a":1,}`, `{"a" 1}`, `01`, `-`, `1.`, `"\x"`, `{"jsonrpc":"2.0","\u0069d":1,"method":"m"}`, `{}{}`, ` { } `, "\"\x01\"", `nul`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		env, err := parseEnvelope(body)
		if errors.Is(err, ErrParse) == json.Valid(body) {
			t.Fatalf("parseEnvelope: %v, json.Valid: %v", err, json.Valid(body))
		}
		if err != nil {
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(env.id, members["id"]) {
			t.Fatalf("id %s, want %s", env.id, members["id"])
		}
		if env.kind != kindResponse && !bytes.Equal(env.params, present(members["params"])) {
			t.Fatalf("params %s, want %s", env.params, members["params"])
		}
	})
}
