package rpc

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzServe checks that for any input the schema allows each outgoing message, and Serve
// ends.
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
		if bytes.Contains(input, []byte("count")) { // it may run for any time
			return
		}
		if bytes.Contains(input, []byte("processId")) { // Serve could wait for a real process
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

// rawInput converts a conversation's client section to wire input. It need not be exact.
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

// FuzzDispatch checks that in any sequence of requests, cancels and other messages each
// request gets one answer, and a duplicate gets one with the id null.
func FuzzDispatch(f *testing.F) {
	f.Add([]byte{0x00, 0x10, 0x20})
	f.Add([]byte{0x01, 0x01, 0x41, 0x31, 0x11})
	f.Add([]byte("\x02\x12\x42\x02\x42\x52\x62\x72"))
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 200 {
			return // stays below the limit of running requests
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
