package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzFrames: no input panics, hangs or yields more than the limit.
func FuzzFrames(f *testing.F) {
	f.Add([]byte(frame(`{"jsonrpc":"2.0","id":1,"method":"m"}`)))
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
			var refused *frameError
			if err != nil && (!errors.As(err, &refused) || refused.fatal) {
				return
			}
		}
		t.Fatal("no end")
	})
}

// FuzzEnvelope: the scanner agrees with encoding/json on what is JSON, and the
// members come out as encoding/json has them.
func FuzzEnvelope(f *testing.F) {
	for _, seed := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[1,2.5e-3,true,false,null,"x\u00e9\n"]}}`,
		`{"jsonrpc":"2.0","id":"a","result":null}`, `{"jsonrpc":"2.0","id":1,"error":{"code":1}}`,
		`[]`, `{"a":1,}`, `{"a" 1}`, `01`, `-`, `1.`, `"\x"`, `{"jsonrpc":"2.0","\u0069d":1,"method":"m"}`, `{}{}`, ` { } `, "\"\x01\"", `nul`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := scanner{b: body}
		_, err := s.value()
		if err == nil {
			err = s.end()
		}
		if s.depth < maxDepth && (err == nil) != json.Valid(body) {
			t.Fatalf("scanner: %v, json.Valid: %v", err, json.Valid(body))
		}
		env, err := parseEnvelope(body)
		if errors.Is(err, errParse) == json.Valid(body) {
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

// FuzzServe: whatever comes in, each message that goes out is one that the schema
// allows, and Serve ends.
func FuzzServe(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		f.Fatal("no conversations", err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(rawInput(string(a.Files[0].Data)))
	}
	check := newFrameCheck(f, schemaOf(labTable()))
	f.Fuzz(func(t *testing.T, input []byte) {
		if bytes.Contains(input, []byte("count")) { // it runs as long as it is told
			return
		}
		if bytes.Contains(input, []byte("processId")) { // a real process might be waited for
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // a script waits for its requests
		defer cancel()
		var out buffer
		_, _ = newLab(Options{MaxMessageBytes: 4096}).Serve(ctx, bytes.NewReader(input), &out)
		text := out.String()
		if !strings.HasPrefix(text, "{") {
			text = unpack(text)
		}
		one := *check
		one.called, one.asked = map[string]string{}, map[string]string{}
		for line := range strings.Lines(text) {
			if err := one.frame(strings.TrimPrefix(line, "> "), one.asked, one.called); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
	})
}

// rawInput is a conversation's client as it goes over the wire, as far as lines
// tell; blemishes are welcome.
func rawInput(client string) []byte {
	var b []byte
	script := isScript(client)
	for line := range strings.Lines(client) {
		if raw, err := strconv.Unquote(strings.TrimPrefix(strings.TrimSpace(line), "= ")); err == nil {
			b = append(b, raw...)
		} else if line = strings.TrimPrefix(strings.TrimPrefix(line, "> "), "! "); script {
			b = append(b, line...)
		} else {
			b = append(b, frame(strings.TrimSpace(line))...)
		}
	}
	return b
}

// FuzzDispatch: whatever requests, cancels and other messages follow each other,
// each request gets one answer, and one that is refused as a duplicate gets one
// with the id null.
func FuzzDispatch(f *testing.F) {
	f.Add([]byte{0x00, 0x10, 0x20})
	f.Add([]byte{0x01, 0x01, 0x41, 0x31, 0x11})
	f.Add([]byte("\x02\x12\x42\x02\x42\x52\x62\x72"))
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 200 {
			return // fewer than may be in flight
		}
		requests, input := 0, frame(initialize)
		for _, op := range program {
			id := op & 0x0f
			var method string
			switch op >> 4 & 7 {
			case 0:
				method = "test/step"
			case 1:
				method = "test/hang"
			case 2:
				method = "test/echo"
			case 3:
				method = "test/nothing"
			case 4, 5:
				input += frame(fmt.Sprintf(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":%d}}`, id))
				continue
			case 6:
				input += frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":null}`, id))
				continue
			default:
				method = "test/panic"
			}
			requests++
			input += frame(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":{"text":"x"}}`, id, method))
		}
		input += frame(`{"jsonrpc":"2.0","id":"down","method":"shutdown"}`) + frame(`{"jsonrpc":"2.0","method":"exit"}`)
		var out buffer
		if code, err := newLab(Options{}).Serve(t.Context(), strings.NewReader(input), &out); code != ExitOK || err != nil {
			t.Fatalf("Serve = %d, %v", code, err)
		}
		if got := strings.Count(out.String(), "Content-Length:"); got != requests+2 {
			t.Fatalf("%d answers to %d requests:\n%s", got, requests+2, out.String())
		}
	})
}
