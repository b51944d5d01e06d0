package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	goruntime "runtime"
	"strings"
	"testing"
)

// A header that claims much gets no memory for it.
func TestClaimedLength(t *testing.T) {
	for _, n := range []int64{99999999999, maxSkipBytes, DefaultMaxMessageBytes + 1, DefaultMaxMessageBytes} {
		var before, after goruntime.MemStats
		goruntime.ReadMemStats(&before)
		f := newFrameReader(strings.NewReader(fmt.Sprintf("Content-Length: %d\r\n\r\n{}", n)), DefaultMaxMessageBytes)
		_, err := f.next()
		goruntime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%d: no error", n)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 {
			t.Errorf("%d: %d bytes allocated", n, got)
		}
	}
}

// Bodies larger than the first allocation arrive whole.
func TestLargeBody(t *testing.T) {
	for _, n := range []int{1<<20 - 1, 1 << 20, 1<<20 + 1, 5<<20 + 3} {
		body := bytes.Repeat([]byte("0123456789"), n/10+1)[:n]
		f := newFrameReader(io.MultiReader(strings.NewReader(fmt.Sprintf("Content-Length: %d\r\n\r\n", n)), bytes.NewReader(body)), DefaultMaxMessageBytes)
		got, err := f.next()
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d: got %d bytes, %v", n, len(got), err)
		}
	}
}

// Lines have no limit but that of messages.
func TestLongLine(t *testing.T) {
	long := `{"a":"` + strings.Repeat("x", 3*readBufSize) + `"}`
	f := newFrameReader(strings.NewReader(long+"\n"+long), int64(len(long)))
	for range 2 {
		if got, err := f.next(); err != nil || string(got) != long {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	}
	if _, err := f.next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	f = newFrameReader(strings.NewReader(long+"\n{}\n"), int64(len(long)-10))
	var refused *frameError
	if _, err := f.next(); !errors.As(err, &refused) || refused.fatal {
		t.Error(err)
	}
	if got, err := f.next(); err != nil || string(got) != "{}" {
		t.Errorf("%q, %v", got, err)
	}
}

// An endless header is refused at its limit, without waiting for a newline.
func TestEndlessHeader(t *testing.T) {
	r, w := io.Pipe()
	go func() { _, _ = io.WriteString(w, "Content-Length: 2\r\nX: "+strings.Repeat("y", maxHeaderBytes)) }()
	var refused *frameError
	if _, err := newFrameReader(r, 100).next(); !errors.As(err, &refused) || !refused.fatal {
		t.Error(err)
	}
	_ = r.Close()
}

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

// FuzzServe: whatever comes in, what goes out is JSON, and Serve ends.
func FuzzServe(f *testing.F) {
	files, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		if text, err := os.ReadFile("testdata/" + file.Name()); err == nil && bytes.Contains(text, []byte("-- client --")) {
			_, text, _ = bytes.Cut(text, []byte("-- client --\n"))
			text, _, _ = bytes.Cut(text, []byte("-- server --\n"))
			if len(text) > 0 && text[0] == '{' {
				f.Add(text)
			}
		}
	}
	f.Add([]byte(frame(initialize) + frame(`{"jsonrpc":"2.0","id":1,"method":"test/echo","params":{"text":"x"}}`)))
	f.Fuzz(func(t *testing.T, input []byte) {
		if bytes.Contains(input, []byte("count")) || bytes.Contains(input, []byte("hang")) || bytes.Contains(input, []byte("step")) {
			return // these run as long as they are told
		}
		var out buffer
		_, _ = newLab(Options{MaxMessageBytes: 4096}).Serve(t.Context(), bytes.NewReader(input), &out)
		for _, line := range strings.Split(unpack(out.String()), "\n") {
			text := strings.TrimPrefix(line, "> ")
			if strings.HasPrefix(text, "= ") {
				continue // script mode's lines, checked by the next test
			}
			if text != "" && !json.Valid([]byte(text)) {
				t.Fatalf("not JSON: %q", text)
			}
		}
	})
}
